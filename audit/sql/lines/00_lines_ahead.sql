-- A line before the cut that was appended at some time or later, if there is one. Parameters:
--   region  String         region code
--   time_ms Int64          the time, epoch ms
--   sppg_ends, clinic_ends, recipient_ends Array(UInt64)
--                          of each topic, by partition, the first offset that is not compared (empty: none is)

SELECT 1
FROM pantau_store.raw_lines
PREWHERE append_at >= fromUnixTimestamp64Milli({time_ms:Int64})
WHERE region = {region:String}
    AND (
        topic = 'sppg.events' AND offset < {sppg_ends:Array(UInt64)}[partition + 1]
        OR topic = 'clinic.events' AND offset < {clinic_ends:Array(UInt64)}[partition + 1]
        OR topic = 'recipient.events' AND offset < {recipient_ends:Array(UInt64)}[partition + 1]
    )
LIMIT 1;

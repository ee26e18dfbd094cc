-- Ids of events in the window of a row, those with copies or corrections first, at most `most`. Parameters:
--   region String          region code
--   zone   String          its time zone
--   view, level, area String
--                          whose row it is
--   begin, end DateTime    its window
--   most   UInt32          how many are listed

SELECT DISTINCT id
FROM
(
    SELECT id
    FROM judged(region = {region:String}, zone = {zone:String}, first = toDate({begin:DateTime('UTC')}), last = toDate({end:DateTime('UTC')}))
    WHERE code = ''
        AND t >= toUnixTimestamp({begin:DateTime('UTC')}) * 1000
        AND t < toUnixTimestamp({end:DateTime('UTC')}) * 1000
        AND multiIf(
            {view:String} = 'coverage', type = 'sppg.meal.eaten',
            {view:String} = 'performance', startsWith(type, 'sppg.'),
            {view:String} = 'clinic_coverage', startsWith(type, 'clinic.'),
            startsWith(type, 'recipient.')
        )
        AND {area:String} = multiIf(
            {level:String} = 'kabupaten', {area:String},
            {level:String} = 'kecamatan', if({view:String} = 'coverage', rkec, kec),
            {view:String} = 'coverage', subject,
            {view:String} = 'reception' AND {level:String} = 'unit', kitchen,
            unit_id
        )
    ORDER BY alone, t
)
LIMIT {most:UInt32};

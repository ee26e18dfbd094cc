CREATE TABLE IF NOT EXISTS pantau_store.reception
(
    `region` LowCardinality(String) COMMENT 'Region code (Kemendagri), e.g. 32.11',
    `level` LowCardinality(String) COMMENT 'unit, recipient, kecamatan or kabupaten',
    `area_id` String COMMENT 'Id of the unit, recipient, kecamatan or region',
    `window` LowCardinality(String) COMMENT '15m, 1h (sliding by 5 minutes), 1d, 7d or 30d (local days)',
    `window_start` DateTime('UTC') COMMENT 'Start of the window, inclusive',
    `window_end` DateTime('UTC') COMMENT 'End of the window, exclusive',
    `day` Date COMMENT 'Local date of the window\'s last moment',
    `checks` UInt64 COMMENT 'Deliveries checked',
    `portions_confirmed` UInt64 COMMENT 'Portions that recipients took',
    `portions_refused` UInt64 COMMENT 'Portions that recipients refused',
    `senses_failed` UInt64 COMMENT 'Checks that the senses did not pass',
    `eaten_confirmed` Nullable(UInt64) COMMENT 'Portions eaten, in the recipients\' words; null at level unit',
    `leftover_confirmed_g` Nullable(UInt64) COMMENT 'Leftovers in the recipients\' words, grams; null at level unit',
    `present` Nullable(UInt64) COMMENT 'People present: of a recipient\'s reports of one local day in the window the last statement (recordedtime, id); null at level unit',
    `absent_ill` Nullable(UInt64) COMMENT 'People absent because they are ill, of the same reports; null at level unit',
    `ill_noticed` Nullable(UInt64) COMMENT 'Ill people noticed; null at level unit',
    `declined` Nullable(UInt64) COMMENT 'Registered of the groups declined, once a recipient, group and local day; null at level unit',
    `reporting` Nullable(UInt64) COMMENT 'Distinct recipients with an event that counts; null at level unit',
    `events` Nullable(UInt64) COMMENT 'Events that count, less heartbeats and retractions; null at level unit',
    `revision` UInt64 COMMENT 'Grows with each change of the row: the input position that last changed it',
    `updated_at` DateTime('UTC') COMMENT 'Region\'s clock when the row last changed'
)
ENGINE = ReplacingMergeTree(`revision`)
PARTITION BY toYYYYMM(day)
ORDER BY (`region`, `day`, `level`, `window`, `area_id`, `window_end`)
COMMENT 'Rows of reception by revision';

ALTER TABLE pantau_store.clinic_coverage ADD COLUMN IF NOT EXISTS `foodborne_counted` UInt64 COMMENT 'Sum of the cases of counts with syndrome foodborne; newer counts supersede older' AFTER `foodborne_cases`;

ALTER TABLE pantau_store.raw_lines MODIFY COLUMN `data` JSON(absent_ill Nullable(UInt64), age_days Nullable(UInt64), age_years Nullable(UInt64), antigen Nullable(String), ate_at Nullable(DateTime64(3, 'UTC')), batch Nullable(String), batches Array(String), battery_pct Nullable(Float64), cases Nullable(UInt64), cooked_at Nullable(DateTime64(3, 'UTC')), core_temp_c Nullable(Float64), dose Nullable(UInt64), `eaten.balita` Nullable(UInt64), `eaten.bumil` Nullable(UInt64), `eaten.busui` Nullable(UInt64), `eaten.guru` Nullable(UInt64), `eaten.paud` Nullable(UInt64), `eaten.santri` Nullable(UInt64), `eaten.sd` Nullable(UInt64), `eaten.sma` Nullable(UInt64), `eaten.smp` Nullable(UInt64), groups Array(String), hb_g_dl Nullable(Float64), height_cm Nullable(Float64), ill Nullable(UInt64), inpatients Nullable(UInt64), item Nullable(String), kind Nullable(String), kitchen Nullable(String), leftover_g Nullable(UInt64), lot Nullable(String), lots Array(String), made_at Nullable(DateTime64(3, 'UTC')), note Nullable(String), onset Nullable(DateTime64(3, 'UTC')), outbox Nullable(UInt64), outcome Nullable(String), package Nullable(String), passed Nullable(Bool), point Nullable(String), portions Nullable(UInt64), posture Nullable(String), `present.balita` Nullable(UInt64), `present.bumil` Nullable(UInt64), `present.busui` Nullable(UInt64), `present.guru` Nullable(UInt64), `present.paud` Nullable(UInt64), `present.santri` Nullable(UInt64), `present.sd` Nullable(UInt64), `present.sma` Nullable(UInt64), `present.smp` Nullable(UInt64), ready_to_eat Nullable(Bool), reason Nullable(String), reasons Array(String), refused Nullable(UInt64), senses_passed Nullable(Bool), sensor Nullable(String), severity Nullable(UInt64), sex Nullable(String), since Nullable(DateTime64(3, 'UTC')), supplier Nullable(String), symptoms Array(String), syndrome Nullable(String), temp_c Nullable(Float64), test Nullable(String), trip Nullable(String), version Nullable(String), visit Nullable(UInt64), weight_kg Nullable(Float64), SKIP child, SKIP mother, SKIP patient) COMMENT 'Data of the event, without pseudonyms';

-- The evidence of all rejections as a person would ask DuckDB for it, over tables with the columns of the frames.
-- What merely stands on the card is left out. The office of Moscow works from 9 to 21; settling takes a day.
CREATE OR REPLACE TABLE evidence AS
WITH
once AS (
    SELECT
        lead_id, kind, epoch_us("at") AS at_us, greatest(epoch_us(recorded_at), epoch_us("at")) AS known_us,
        actor_kind = 'robot' AS is_robots, outcome, duration_s, epoch_us(due_at) AS due_us
    FROM events
    -- Two thirds of the time of DISTINCT ON (id), which carries every column along.
    WHERE rowid IN (SELECT min(rowid) FROM events GROUP BY id)
),
moment AS (
    SELECT rowid AS row, lead_id, duplicate_of_id, epoch_us("at") AS rejected_us FROM rejections
),
seen AS (
    SELECT row, rejected_us, once.*
    FROM moment JOIN once USING (lead_id)
    WHERE at_us <= rejected_us AND known_us <= rejected_us + 86400000000
),
returned AS (
    SELECT row, max(at_us) AS reopened_us, count(*) AS reopened_n
    FROM seen WHERE kind = 'reopened' AND at_us < rejected_us GROUP BY row
),
marked AS (
    SELECT
        seen.*,
        NOT is_robots AND at_us >= coalesce(reopened_us, at_us) AS is_own_work,
        is_own_work AND kind = 'call_out' AS is_attempt,
        is_own_work AND kind = 'message_out' AS is_message,
        NOT is_robots AND kind IN ('call_out', 'call_in') AS is_call,
        at_us + 10800000000 AS local_us
    FROM seen LEFT JOIN returned USING (row)
),
counted AS (
    SELECT
        row,
        count(*) FILTER (is_attempt) AS attempts_n,
        count(DISTINCT local_us // 86400000000) FILTER (is_attempt) AS attempt_days_n,
        bit_count(bit_or(1 << (local_us // 3600000000 % 24)) FILTER (is_attempt)) AS attempt_hours_n,
        count(*) FILTER (is_message) AS messages_n,
        min(at_us) FILTER (is_attempt) AS attempted_us,
        min(at_us) FILTER (
            is_attempt OR is_message OR (is_own_work AND kind = 'call_in' AND outcome = 'answered')
        ) AS responded_us,
        max(CASE WHEN outcome IN ('no_answer', 'not_in_service') THEN 0 ELSE coalesce(duration_s, 'inf') END)
            FILTER (is_call) AS longest_talk_s,
        count(*) FILTER (is_call AND kind = 'call_out' AND outcome = 'not_in_service') AS not_in_service_n,
        count(*) FILTER (is_call AND kind = 'call_out' AND outcome IS NULL) AS no_outcome_n,
        max(CASE kind
            WHEN 'qualified' THEN 1 WHEN 'meeting_held' THEN 2 WHEN 'booked' THEN 3 WHEN 'booking_paid' THEN 3
            WHEN 'contract_signed' THEN 4 ELSE 0
        END) AS stage_reached,
        count(*) FILTER (kind = 'task_set' AND due_us > rejected_us) AS tasks_ahead_n,
        count(*) FILTER (kind = 'task_set' AND due_us IS NULL) AS tasks_unsure_n,
        count(*) FILTER (kind = 'consent_withdrawn') AS withdrawn_n
    FROM marked GROUP BY row
),
-- Working time since the first opening, up to any instant: between two instants it is a difference.
shift AS (
    SELECT day * 86400000000 + 21600000000 AS opens_us, (day - first_day) * 43200000000 AS before_us
    FROM (
        SELECT unnest(range(min(rejected_us) // 86400000000 - 400, max(rejected_us) // 86400000000 + 2)) AS day,
            min(rejected_us) // 86400000000 - 400 AS first_day
        FROM moment
    )
),
waiting AS (
    SELECT
        row,
        greatest(epoch_us(leads.created_at), coalesce(reopened_us, epoch_us(leads.created_at))) AS began_us,
        least(coalesce(attempted_us, rejected_us), rejected_us) AS attempt_us,
        least(coalesce(responded_us, rejected_us), rejected_us) AS response_us,
        enquiry = 'answered_call' AND reopened_us IS NULL AS is_answered
    FROM moment
    LEFT JOIN leads ON leads.id = moment.lead_id
    LEFT JOIN returned USING (row)
    LEFT JOIN counted USING (row)
),
waited AS (
    SELECT
        row,
        greatest(attempt.before_us + least(attempt_us - attempt.opens_us, 43200000000)
            - began.before_us - least(began_us - began.opens_us, 43200000000), 0) / 60e6 AS first_attempt_min,
        CASE WHEN is_answered THEN 0 ELSE
            greatest(response.before_us + least(response_us - response.opens_us, 43200000000)
                - began.before_us - least(began_us - began.opens_us, 43200000000), 0) / 60e6
        END AS first_response_min
    FROM waiting
    ASOF JOIN shift began ON began_us >= began.opens_us
    ASOF JOIN shift attempt ON attempt_us >= attempt.opens_us
    ASOF JOIN shift response ON response_us >= response.opens_us
),
-- Instant and rank in one number, so that the last change of state is a maximum.
changed AS (
    SELECT row, max(at_us * 4 + CASE kind
        WHEN 'reopened' THEN 0 WHEN 'rejected' THEN 1 WHEN 'contract_terminated' THEN 2 ELSE 3 END) AS change
    FROM moment JOIN once ON once.lead_id = moment.duplicate_of_id
    WHERE at_us <= rejected_us AND known_us <= rejected_us + 86400000000
        AND kind IN ('reopened', 'rejected', 'contract_terminated', 'contract_signed')
    GROUP BY row
),
price_list AS (
    SELECT stock_on, project_id, min(min_price_minor) AS price, min(min_payment_minor) AS payment
    FROM stock WHERE available_n > 0 GROUP BY ALL
),
cheapest AS (
    SELECT day.stock_on, min(price) AS cheapest_price_minor, min(payment) AS cheapest_payment_minor
    FROM (SELECT DISTINCT stock_on FROM price_list) day
    CROSS JOIN (SELECT DISTINCT project_id FROM price_list) project
    ASOF JOIN price_list ON price_list.project_id = project.project_id AND day.stock_on >= price_list.stock_on
    GROUP BY day.stock_on
)
SELECT
    coalesce(attempts_n, 0) AS attempts_n,
    coalesce(attempt_days_n, 0) AS attempt_days_n,
    coalesce(attempt_hours_n, 0) AS attempt_hours_n,
    coalesce(messages_n, 0) AS messages_n,
    first_attempt_min,
    first_response_min,
    CASE WHEN longest_talk_s = 'inf' THEN NULL ELSE coalesce(longest_talk_s, 0) END AS longest_talk_s,
    CASE WHEN no_outcome_n > 0 THEN NULL ELSE coalesce(not_in_service_n, 0) END AS not_in_service_n,
    coalesce(stage_reached, 0) AS stage_reached,
    coalesce(stage_reached, 0) >= 2 AS has_met,
    coalesce(reopened_n, 0) AS reopened_n,
    CASE WHEN tasks_ahead_n > 0 THEN true WHEN tasks_unsure_n > 0 THEN NULL ELSE false END AS has_next_task,
    own.phone_is_valid,
    CASE WHEN duplicate_of_id IS NOT NULL THEN original.id IS NOT NULL END AS original_exists,
    original.client_id = own.client_id AS original_is_same_client,
    original.created_at < own.created_at AS original_is_older,
    CASE WHEN original.id IS NOT NULL THEN [0, 2, 2, 1][1 + coalesce(change, 0) % 4] END AS original_state,
    CASE WHEN change % 4 = 3 THEN (rejected_us - change // 4) / 86400e6 END AS original_won_days,
    cheapest_price_minor,
    cheapest_payment_minor,
    CASE WHEN withdrawn_n > 0 THEN true END AS asked_not_to_call
FROM moment
LEFT JOIN leads own ON own.id = moment.lead_id
LEFT JOIN leads original ON original.id = duplicate_of_id
LEFT JOIN counted USING (row)
LEFT JOIN returned USING (row)
LEFT JOIN waited USING (row)
LEFT JOIN changed USING (row)
ASOF LEFT JOIN cheapest ON make_timestamp(rejected_us + 10800000000) >= stock_on
ORDER BY row

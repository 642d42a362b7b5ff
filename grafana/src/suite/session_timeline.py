"""SQL of a session's timeline: for every instant what the turn, the model, the tools and the user are doing.

Tools are told by what they are for, so that each has its colour; `<one>` stands for the condition that picks the session.
"""

from grafana.src import sql
from grafana.src.colours import CATEGORIES

_AT = sql.AT.format
_FOR = " ".join(f"WHEN '{name}' THEN '{shown}'" for name, (shown, _) in CATEGORIES.items())
_OTHER = CATEGORIES["other"][0]
_ELSEWHERE = "click the title above: the range is another time"

TIMELINE = f"""WITH turns AS MATERIALIZED (
  SELECT turn_index AS n, {_AT("started_at")} AS began, {_AT("coalesce(ended_at, started_at)")} AS ended,
    lead({_AT("started_at")}) OVER (ORDER BY started_at, turn_index) AS next FROM v_turns WHERE <one> AND turn_index IS NOT NULL
),
requests AS MATERIALIZED (
  SELECT {_AT("timestamp")} AS ended, {sql.model_name("model")} AS model FROM v_requests
  WHERE <one> AND agent_id IS NULL AND kind = 'message' ORDER BY timestamp LIMIT 2000
),
calls AS MATERIALIZED (
  SELECT {_AT("timestamp")} AS began, {_AT("coalesce(finished_at, timestamp)")} AS ended,
    CASE category {_FOR} ELSE '{_OTHER}' END AS purpose
  FROM v_tool_calls WHERE <one> AND agent_id IS NULL AND timestamp IS NOT NULL ORDER BY timestamp LIMIT 2000
),
signs AS MATERIALIZED (
  SELECT began AS at FROM turns UNION SELECT ended FROM requests UNION SELECT ended FROM calls
),
thinking AS MATERIALIZED (
  SELECT lag(at) OVER (ORDER BY at) AS began, at FROM signs
),
steps(at, change, purpose) AS MATERIALIZED (
  SELECT began, 1, purpose FROM calls WHERE ended > began UNION ALL SELECT ended, -1, NULL FROM calls WHERE ended > began
),
running AS MATERIALIZED (
  SELECT at, purpose, sum(change) OVER (ORDER BY at, change ROWS UNBOUNDED PRECEDING) AS n FROM steps
),
events(at, lane, value) AS MATERIALIZED (
  SELECT began, 1, 'turn ' || n FROM turns UNION ALL SELECT ended, 1, NULL FROM turns WHERE ended > began
  UNION ALL SELECT began, 2, model FROM requests JOIN thinking ON thinking.at = requests.ended WHERE began IS NOT NULL
  UNION ALL SELECT ended, 2, NULL FROM requests
  UNION ALL SELECT at, 3, CASE n WHEN 0 THEN NULL WHEN 1 THEN coalesce(purpose, '{_OTHER}')
    ELSE coalesce(purpose, '{_OTHER}') || ' and ' || (n - 1) || ' more' END FROM running
  UNION ALL SELECT ended, 4, 'waiting' FROM turns WHERE next > ended UNION ALL SELECT next, 4, NULL FROM turns WHERE next > ended
),
numbered AS MATERIALIZED (
  SELECT row_number() OVER (ORDER BY at, value IS NOT NULL) AS n, at, lane, value FROM events
),
latest AS MATERIALIZED (
  SELECT n, at, max(iif(lane = 1, n, NULL)) OVER w AS l1, max(iif(lane = 2, n, NULL)) OVER w AS l2,
    max(iif(lane = 3, n, NULL)) OVER w AS l3, max(iif(lane = 4, n, NULL)) OVER w AS l4, max(n) OVER (PARTITION BY at) AS final
  FROM numbered WINDOW w AS (ORDER BY n ROWS UNBOUNDED PRECEDING)
)
SELECT latest.at AS time, a.value AS "Turn", b.value AS "Model", c.value AS "Tools", e.value AS "You"
FROM latest LEFT JOIN numbered AS a ON a.n = l1 LEFT JOIN numbered AS b ON b.n = l2
LEFT JOIN numbered AS c ON c.n = l3 LEFT JOIN numbered AS e ON e.n = l4 WHERE latest.n = final
UNION ALL SELECT $__from / 1000.0, '{_ELSEWHERE}', NULL, NULL, NULL
  WHERE NOT EXISTS (SELECT 1 FROM events WHERE at >= $__from / 1000.0 AND at < $__to / 1000.0)
ORDER BY 1"""

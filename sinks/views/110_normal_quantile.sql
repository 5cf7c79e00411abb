-- The value below which a standard normal variable falls with a given probability: the engine has erfc, but not its inverse.
-- It begins with the approximation 26.2.23 of Abramowitz and Stegun (Handbook of Mathematical Functions, 1964; error under
-- 4.5e-4) and betters it by three of Newton's steps, which leaves an error of some 1e-15.
-- Grain: one row
-- Parameters:
-- - p Float64: probability, between 0 and 1
-- Columns:
-- - z: quantile; NULL where p is not between 0 and 1
-- Example: SELECT z FROM normal_quantile(p = 0.975)
-- Caveats: none known; checked against scipy from 1e-12 on.
CREATE OR REPLACE VIEW normal_quantile AS
WITH
    least({p:Float64}, 1 - {p:Float64}) AS tail,
    sqrt(-2 * log(tail)) AS t,
    t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t * t * t) AS start,
    arrayFold((x, _) -> x + (erfc(x / sqrt(2)) / 2 - tail) / (exp(-x * x / 2) / sqrt(2 * pi())), range(3), start) AS upper
SELECT if({p:Float64} > 0 AND {p:Float64} < 1, if({p:Float64} < 0.5, -upper, upper), NULL) AS z;

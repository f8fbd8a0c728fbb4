# Reference numbers of regressions for counts: stats::glm and MASS::glm.nb (R 4.2.2, MASS 7.3-58.2), as in glm.json.
# glm.nb stops early by default; the tight control brings it to its maximum.  Run: Rscript glm.R > glm.json
# Packages: MASS, gamlss.data (polio), jsonlite.
library(MASS)
data(polio, package = "gamlss.data")
set.seed(160)
t <- 1:60
sim <- rnbinom(60, mu = exp(3 + 0.3 * t / 120 + 0.4 * cos(2 * pi * t / 12) + 0.2 * sin(2 * pi * t / 12)), size = 8)
series <- list(
  ukdd = UKDriverDeaths, van = Seatbelts[, "VanKilled"],
  polio = ts(as.numeric(polio), start = c(1970, 1), frequency = 12), sim = ts(sim, start = c(2000, 1), frequency = 12)
)

months <- function(y, index) { # t in years from the first month, which is a January in every series
  month <- (index - 1) %% 12 + 1
  year <- start(y)[1] + (index - 1) %/% 12
  first <- function(year, month) as.Date(sprintf("%d-%02d-01", year, month))
  wave <- 2 * pi * index / 12
  data.frame(
    t = index / 12, month = factor(month, levels = 1:12),
    c1 = cos(wave), s1 = sin(wave), c2 = cos(2 * wave), s2 = sin(2 * wave),
    days = as.numeric(first(year + (month == 12), month %% 12 + 1) - first(year, month)),
    law = as.numeric(year > 1983 | (year == 1983 & month >= 2))
  )
}

block <- function(fit, ahead) {
  p <- predict(fit, ahead, se.fit = TRUE)
  list(
    coefficients = as.list(coef(fit)), se = as.list(summary(fit)$coefficients[, 2]), loglik = as.numeric(logLik(fit)),
    AIC = AIC(fit), BIC = BIC(fit), fitted = as.numeric(fitted(fit)), link = as.numeric(p$fit), link_se = as.numeric(p$se.fit)
  )
}

run <- function(name, formula, profile = FALSE) {
  y <- series[[name]]
  d <- cbind(months(y, seq_along(y)), y = as.numeric(y))
  ahead <- months(y, length(y) + 1:12)
  tight <- glm.control(epsilon = 1e-14, maxit = 500)
  r <- list(poisson = block(glm(formula, poisson(), d), ahead))
  nb <- try(glm.nb(formula, d, control = tight), silent = TRUE) # fails for van: theta runs off to infinity
  if (!inherits(nb, "try-error")) {
    r$nbinom <- c(block(nb, ahead), theta = nb$theta, theta_se = nb$SE.theta)
    if (profile) r$nbinom$profile <- suppressMessages(confint(nb))
  }
  r
}

trend_month <- y ~ t + month
harmonics <- y ~ t + c1 + s1 + c2 + s2
cat(jsonlite::toJSON(list(
  ukdd_month = run("ukdd", trend_month), ukdd_harm = run("ukdd", harmonics),
  ukdd_law_offset_days = run("ukdd", y ~ t + month + law + offset(log(days)), profile = TRUE),
  van_month = run("van", trend_month),
  polio_month = run("polio", trend_month, profile = TRUE), polio_harm = run("polio", harmonics, profile = TRUE),
  sim_nb_n60_month = c(list(y = sim), run("sim", trend_month))
), digits = NA, auto_unbox = TRUE))

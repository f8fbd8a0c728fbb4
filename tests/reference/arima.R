# Reference numbers of seasonal ARIMA models: forecast::Arima and forecast::auto.arima (R 4.2.2, forecast 8.20), as in
# arima.json, rounded to ten digits.  Run: Rscript arima.R > arima.json
library(forecast)
months <- function(n) {
  set.seed(200 + n)
  t <- 1:n
  mu <- exp(4 + 0.4 * t / 120 + 0.35 * cos(2 * pi * t / 12) + 0.2 * sin(2 * pi * t / 12))
  ts(rnbinom(n, mu = mu, size = 15), start = c(2000, 1), frequency = 12)
}
cases <- list()
keep <- function(id, f) {
  a <- f$arma
  p <- forecast(f, h = 24, level = 95)
  cases[[id]] <<- list(
    order = c(a[1], a[6], a[2]), seasonal = c(a[3], a[7], a[4]), log = identical(f$lambda, 0),
    coefficients = as.list(coef(f)), se = as.list(sqrt(diag(f$var.coef))), loglik = f$loglik, aicc = f$aicc, nobs = f$nobs,
    mean = as.numeric(p$mean), upper = as.numeric(p$upper)
  )
}
airline <- function(y, ...) Arima(y, order = c(0, 1, 1), seasonal = c(0, 1, 1), ...)
for (name in c("AirPassengers", "UKDriverDeaths", "nottem", "USAccDeaths")) {
  y <- get(name)
  lambda <- if (name == "AirPassengers") 0 else NULL
  if (name != "nottem") keep(paste0("auto_arima:", name), auto.arima(y, lambda = lambda))
  keep(paste0("Arima_airline:", name), airline(y, lambda = lambda))
  keep(paste0("auto_arima_stepwise_noapprox:", name), auto.arima(y, lambda = lambda, approximation = FALSE))
}
keep("Arima_100_011_drift:USAccDeaths", Arima(USAccDeaths, order = c(1, 0, 0), seasonal = c(0, 1, 1), include.drift = TRUE))
keep("Arima_200_100_mean:nottem", Arima(nottem, order = c(2, 0, 0), seasonal = c(1, 0, 0)))
for (n in c(60, 120, 240)) {
  y <- months(n)
  if (n != 120) keep(paste0("auto_arima:sim_monthly_n", n), auto.arima(y))
  keep(paste0("auto_arima_log:sim_monthly_n", n), auto.arima(y, lambda = 0))
}
cat(jsonlite::toJSON(cases, digits = 10, auto_unbox = TRUE))

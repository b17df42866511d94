//! Round numbers for axes.

/// A value of an axis and what to write there.
pub(super) type Tick = (f64, String);

/// Multiples of 1, 2 or 5 times a power of ten inside `[lo, hi]`, at most about `count` of them.
pub(super) fn linear(lo: f64, hi: f64, count: usize) -> Vec<Tick> {
    spaced(lo, hi, round_step((hi - lo) / count as f64))
}

fn spaced(lo: f64, hi: f64, step: f64) -> Vec<Tick> {
    let decimals = (-step.log10().floor()).max(0.0) as usize;
    let (first, last) = ((lo / step - 1e-9).ceil(), (hi / step + 1e-9).floor());
    let values = (0..=(last - first).max(0.0) as usize).map(|i| (first + i as f64) * step);
    // Adding zero turns -0 into 0.
    values.map(|value| (value, format!("{:.decimals$}", value + 0.0))).collect()
}

/// As [`linear`], with thousands and millions abbreviated: `5k`, `1.5M`.
pub(super) fn counts(lo: f64, hi: f64, count: usize) -> Vec<Tick> {
    let (unit, suffix) = match hi {
        hi if hi >= 2e6 => (1e6, "M"),
        hi if hi >= 1e4 => (1e3, "k"),
        _ => (1.0, ""),
    };
    let (lo, hi) = (lo / unit, hi / unit);
    let step = round_step((hi - lo) / count as f64);
    // There is no half step.
    let ticks = spaced(lo, hi, if unit > 1.0 { step } else { step.max(1.0) }).into_iter();
    ticks.map(|(value, text)| (value * unit, if value == 0.0 { "0".to_owned() } else { text + suffix })).collect()
}

/// Ticks of a logarithmic axis, given and returned as `log10`: 1, 2 and 5 of each decade, or powers of ten alone.
pub(super) fn logarithmic(lo: f64, hi: f64, count: usize) -> Vec<Tick> {
    let decades = hi - lo;
    let mantissas: &[f64] = if decades * 3.0 <= count as f64 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let every = (decades / count as f64).ceil().max(1.0) as i32;
    let powers = (lo.floor() as i32..=hi.ceil() as i32).filter(|power| power % every == 0);
    let ticks = powers.flat_map(|power| mantissas.iter().map(move |&mantissa| (mantissa, power)));
    let ticks = ticks.map(|(mantissa, power)| (mantissa.log10() + f64::from(power), plain(mantissa, power)));
    ticks.filter(|&(at, _)| at >= lo - 1e-9 && at <= hi + 1e-9).collect()
}

fn plain(mantissa: f64, power: i32) -> String {
    match power {
        -3..0 => format!("{:.*}", power.unsigned_abs() as usize, mantissa * 10_f64.powi(power)),
        0..5 => format!("{}", (mantissa * 10_f64.powi(power)).round()),
        _ => format!("{mantissa}e{power}"),
    }
}

fn round_step(raw: f64) -> f64 {
    let power = 10_f64.powf(raw.log10().floor());
    let mantissas = [1.0, 2.0, 5.0].map(|mantissa| mantissa * power);
    mantissas.into_iter().find(|&step| step >= raw * (1.0 - 1e-9)).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(ticks: Vec<Tick>) -> Vec<String> {
        ticks.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(texts(linear(-2.3, 4.1, 5)), ["-2", "0", "2", "4"]);
        assert_eq!(texts(linear(-0.04, 0.11, 4)), ["0.00", "0.05", "0.10"]);
        assert_eq!(texts(linear(0.0, 1.0, 5)), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(texts(linear(-1e-12, 100.0, 5)), ["0", "20", "40", "60", "80", "100"]);
    }

    #[test]
    fn counts_are_whole_and_short() {
        assert_eq!(texts(counts(0.0, 20_000.0, 4)), ["0", "5k", "10k", "15k", "20k"]);
        assert_eq!(texts(counts(0.0, 3e6, 3)), ["0", "1M", "2M", "3M"]);
        assert_eq!(texts(counts(0.0, 2.0, 6)), ["0", "1", "2"]);
        assert_eq!(texts(counts(1.0, 800.0, 4)), ["200", "400", "600", "800"]);
    }

    #[test]
    fn logarithmic_ticks() {
        assert_eq!(texts(logarithmic(-1.1, 0.8, 7)), ["0.1", "0.2", "0.5", "1", "2", "5"]);
        assert_eq!(texts(logarithmic(-5.0, 1.0, 7)), ["1e-5", "1e-4", "0.001", "0.01", "0.1", "1", "10"]);
        assert_eq!(texts(logarithmic(0.0, 30.0, 6)), ["1", "1e5", "1e10", "1e15", "1e20", "1e25", "1e30"]);
    }
}

//! The repository activity score of the InnerSource Commons, by its published formula.
//!
//! <https://patterns.innersourcecommons.org/p/repository-activity-score>. The formula is kept exactly, with its two
//! flaws: an empty repository made today scores 1050, and the score jumps by 800 at 3000. It orders a portal; it is
//! no figure of quality, and no verdict is made from it. Numbers are floats because the formula is JavaScript.

/// What the formula is made from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Activity {
    /// `forks_count`.
    pub forks: f64,
    /// `subscribers_count`: who watches the repository.
    pub subscribers: f64,
    /// `stargazers_count`.
    pub stars: f64,
    /// `open_issues_count`, pull requests included.
    pub open_issues: f64,
    /// Days, with their fraction, since `updated_at`.
    pub days_since_update: f64,
    /// Days, with their fraction, since `created_at`.
    pub days_since_creation: f64,
    /// Commits a week, the newest last; `None` if they are not known.
    pub participation: Option<Vec<f64>>,
    /// True if description or motivation has more than 30 characters.
    pub is_described: bool,
    /// True if there is a contribution guide.
    pub has_guidelines: bool,
}

/// The score.
pub fn activity_score(activity: &Activity) -> f64 {
    let mut score = 50.0;
    score += activity.forks * 5.0;
    score += activity.subscribers;
    score += activity.stars / 3.0;
    score += activity.open_issues / 5.0;
    let updated = activity.days_since_update;
    score *= 1.0 + (100.0 - updated.min(100.0)) / 100.0;
    if let Some(participation) = activity.participation.as_deref().filter(|weeks| !weeks.is_empty()) {
        // The sum of at most 13 weeks, always divided by 13.
        let begin = participation.len().saturating_sub(13);
        let average = participation.get(begin..).unwrap_or_default().iter().sum::<f64>() / 13.0;
        score *= 1.0 + (average - 3.0).clamp(0.0, 7.0) / 7.0;
    }
    let mut boost = 1000.0 - updated.min(365.0) * 2.74;
    boost *= (365.0 - activity.days_since_creation.min(365.0)) / 365.0;
    score += boost;
    score += if activity.is_described { 50.0 } else { 0.0 };
    score += if activity.has_guidelines { 100.0 } else { 0.0 };
    if score > 3000.0 {
        score = 3000.0 + score.ln() * 100.0;
    }
    round(score - 50.0)
}

/// `Math.round` of JavaScript: a half goes up, also below zero.
fn round(number: f64) -> f64 {
    let floor = number.floor();
    if number - floor >= 0.5 { floor + 1.0 } else { floor }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "scores are whole numbers")]
mod tests {
    use super::*;

    #[test]
    fn an_empty_repository_made_today_scores_1050() {
        // 50 · 2 + 1000 − 50: the formula's first flaw.
        assert_eq!(activity_score(&Activity::default()), 1050.0);
    }

    #[test]
    fn an_old_quiet_repository_scores_its_forks_and_stars() {
        // 50 + 5·10 + 8 + 30/3 + 20/5 = 122; ·1; + 0; + 50 + 100; − 50.
        let activity = Activity {
            forks: 10.0,
            subscribers: 8.0,
            stars: 30.0,
            open_issues: 20.0,
            days_since_update: 400.0,
            days_since_creation: 2000.0,
            participation: Some(vec![0.0; 52]),
            is_described: true,
            has_guidelines: true,
        };
        assert_eq!(activity_score(&activity), 222.0);
    }

    #[test]
    fn thirteen_weeks_count_and_more_than_ten_commits_a_week_count_as_ten() {
        let base = Activity { days_since_update: 365.0, days_since_creation: 365.0, ..Activity::default() };
        let with = |weeks: Vec<f64>| activity_score(&Activity { participation: Some(weeks), ..base.clone() });
        // 50 · 1 − 50, and doubled at ten a week.
        assert_eq!(with(vec![]), 0.0);
        assert_eq!(with(vec![3.0; 13]), 0.0);
        assert_eq!(with(vec![10.0; 13]), 50.0);
        assert_eq!(with(vec![1000.0; 52]), 50.0);
        assert_eq!(with([vec![1000.0; 39], vec![0.0; 13]].concat()), 0.0);
        // 91 commits in 4 weeks are 7 a week of 13: 50 · (1 + 4/7) − 50 = 28.57…
        assert_eq!(with(vec![22.75; 4]), 29.0);
    }

    #[test]
    fn the_score_jumps_by_eight_hundred_at_three_thousand() {
        // 50 + subscribers is the score before the last step.
        let old = Activity { days_since_update: 400.0, days_since_creation: 400.0, ..Activity::default() };
        let with = |subscribers| activity_score(&Activity { subscribers, ..old.clone() });
        assert_eq!(with(2950.0), 2950.0);
        // 3000 + 100 · ln(3001) − 50 = 3750.67…
        assert_eq!(with(2951.0), 3751.0);
    }

    #[test]
    fn a_half_is_rounded_up_as_javascript_does() {
        for (number, rounded) in
            [(0.5, 1.0), (-0.5, 0.0), (2.5, 3.0), (-2.5, -2.0), (0.499_999_999_999_999_94, 0.0)]
        {
            assert_eq!(round(number), rounded, "{number}");
        }
    }
}

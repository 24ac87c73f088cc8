//! The weights of the estimates, as of 2026-11-21. Written by `benches/estimate/fit.py --write`:
//! change that, not this.

use super::estimate::Estimator;

/// Claude up to Opus 4.6 and Sonnet 4.6: fitted on the counts that
/// github.com/Piebald-AI/claude-code-system-prompts published from 2025-11-19 to 2026-06-12, less the
/// 6 tokens that the fit finds around each; scripts by ratio.
pub(super) static CLAUDE_OLDER: Estimator = Estimator {
    weights: [670, 12, 82, 263, 182, 646, 188, 287, 1251, 101, 272, 280, 447, 352, 3052, 551, 661, 528, 1095, 572, 585],
    outside: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9503, 821, 990, 779, 1630, 1137, 865],
    inside_permille: 49,
    outside_permille: 250,
    slack: 2,
};

/// Claude from Opus 4.7, Sonnet 5 and Opus 5 on: fitted on the counts that
/// github.com/Piebald-AI/claude-code-system-prompts published from 2026-06-18 to 2026-08-22, less the
/// 6 tokens that the fit finds around each; scripts by ratio.
pub(super) static CLAUDE_NEWER: Estimator = Estimator {
    weights: [722, 128, 654, 342, 160, 226, 0, 0, 1006, 492, 499, 453, 206, 1422, 2534, 650, 780, 625, 1293, 526, 692],
    outside: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10908, 945, 1141, 897, 1878, 1137, 996],
    inside_permille: 61,
    outside_permille: 250,
    slack: 2,
};

/// By ratio to `o200k_base`: English 1.10, JSON 1.21, Chinese and Japanese 0.99.
pub(super) static GEMMA: Estimator = Estimator {
    weights: [1100, 0, 0, 88, 88, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -92, 0],
    outside: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7362, 428, 516, 406, 850, 828, 451],
    inside_permille: 100,
    outside_permille: 250,
    slack: 2,
};

/// By ratio to `o200k_base`: English 1.00, JSON 1.00, Chinese and Japanese 0.98.
pub(super) static LLAMA: Estimator = Estimator {
    weights: [1000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -17, 0],
    outside: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6692, 389, 469, 369, 773, 819, 410],
    inside_permille: 100,
    outside_permille: 250,
    slack: 2,
};

/// By ratio to `o200k_base`: English 1.02, JSON 1.07, Chinese and Japanese 0.97.
pub(super) static QWEN: Estimator = Estimator {
    weights: [1020, 0, 0, 40, 40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -42, 0],
    outside: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6826, 397, 479, 377, 788, 811, 418],
    inside_permille: 100,
    outside_permille: 250,
    slack: 2,
};

/// By ratio to `o200k_base`: English 1.03, JSON 1.06, Chinese and Japanese 0.97.
pub(super) static DEEPSEEK: Estimator = Estimator {
    weights: [1030, 0, 0, 24, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -50, 0],
    outside: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6893, 401, 483, 380, 796, 811, 422],
    inside_permille: 100,
    outside_permille: 250,
    slack: 2,
};

/// By ratio to `o200k_base`: English 1.05, JSON 1.11, Chinese and Japanese 1.05.
pub(super) static MISTRAL: Estimator = Estimator {
    weights: [1050, 0, 0, 48, 48, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    outside: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7027, 409, 493, 388, 811, 878, 431],
    inside_permille: 100,
    outside_permille: 250,
    slack: 2,
};

/// By ratio to `o200k_base`: English 1.05, JSON 1.10, Chinese and Japanese 1.10.
pub(super) static OTHER: Estimator = Estimator {
    weights: [1050, 0, 0, 40, 40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 42, 0],
    outside: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7027, 409, 493, 388, 811, 920, 431],
    inside_permille: 300,
    outside_permille: 300,
    slack: 2,
};

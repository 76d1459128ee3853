using System.Text.Json.Serialization;

namespace MoeActors.Host.Reports;

/// <summary>Sums and final figures of a run.</summary>
public sealed record RunTotals
{
    /// <summary>Steps of the surviving history.</summary>
    public required long Steps { get; init; }

    /// <summary>Tokens of the surviving history.</summary>
    public required long Tokens { get; init; }

    /// <summary>Tokens of the surviving steps over the sum of those steps' times: the speed while stepping.</summary>
    public required double TokensPerSecond { get; init; }

    /// <summary>Effective training time ratio: useful time over wall time. Useful is the time of surviving, not skipped steps without checkpoint stalls.</summary>
    public required double Ettr { get; init; }

    /// <summary>Proportion of lost tokens at the end, a share: what the ledger says, in which a recovery further back takes back what was lost after its point.</summary>
    public required double Plt { get; init; }

    /// <summary>Loss of the last step that has a finite one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? FinalLoss { get; init; }

    /// <summary>Last validation loss.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? ValidationLoss { get; init; }

    /// <summary>Hash of the final weights, independent of layout and placement.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? WeightsHash { get; init; }

    /// <summary>Hash of weights, m, v, step counts, ledger and RNG.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? StateHash { get; init; }

    /// <summary>"completed", "stopped", "failed" or "running" (a report written along the way).</summary>
    public required string Outcome { get; init; }

    /// <summary>Why it stopped or failed, in words.</summary>
    public string? OutcomeReason { get; init; }

    /// <summary>Wall time of the run, ms; over all its starts when it was resumed.</summary>
    public double WallMs { get; init; }

    /// <summary>Tokens of the surviving history over wall time: what the user gets, recoveries and stalls included.</summary>
    public double EffectiveTokensPerSecond { get; init; }

    /// <summary>Steps that were committed and then computed again or rolled back.</summary>
    public long ReplayedSteps { get; init; }

    /// <summary>Steps whose update was left out because something was not finite.</summary>
    public long SkippedSteps { get; init; }

    /// <summary>Routed (token, expert) slots dropped for capacity.</summary>
    public long Dropped { get; init; }

    /// <summary>Share of the steps' time in which compute waited for tokens or gradients.</summary>
    public double ExposedCommunicationShare { get; init; }

    /// <summary>Distribution of step times, ms; absent without steps.</summary>
    public Percentiles? StepMs { get; init; }

    /// <summary>Distribution of the time from fault to first step, ms; absent without recoveries.</summary>
    public Percentiles? RecoveryMs { get; init; }
}

/// <summary>A distribution in five numbers, same unit as what it describes. Percentiles interpolate linearly between the two nearest ranks.</summary>
/// <param name="Mean">Arithmetic mean.</param>
/// <param name="P50">Median.</param>
/// <param name="P90">90th percentile.</param>
/// <param name="P99">99th percentile.</param>
/// <param name="Max">Largest value.</param>
public sealed record Percentiles(double Mean, double P50, double P90, double P99, double Max)
{
    /// <summary>The distribution of <paramref name="values"/>; null when there are none.</summary>
    public static Percentiles? Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? null : new(sorted.Average(), At(sorted, 0.50), At(sorted, 0.90), At(sorted, 0.99), sorted[^1]);
    }

    private static double At(double[] sorted, double share)
    {
        double place = share * (sorted.Length - 1);
        int below = (int)place;
        int above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((place - below) * (sorted[above] - sorted[below]));
    }
}

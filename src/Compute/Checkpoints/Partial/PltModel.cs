namespace MoeActors.Compute.Checkpoints.Partial;

/// <summary>
/// Closed forms of the PLT that one fault costs, for uniform routing and sequential selection past its first round: with K of N experts saved at each checkpoint the
/// experts are 0, 1, …, N/K − 1 checkpoints old, N/K − 1 halves on average. Steps are optimizer steps; results are shares (0.0375 = 3.75 %).
/// </summary>
public static class PltModel
{
    /// <summary>ΔPLT of one fault that takes every expert back to storage: I·(N/K − 1)/(2·I_total).</summary>
    public static double OneLevel(double intervalSteps, double totalSteps, int experts, int k) => TwoLevel(intervalSteps, totalSteps, experts, k, k, 1);

    /// <summary>
    /// ΔPLT of one fault that takes the share <paramref name="failedShare"/> of the experts (f, those of failed nodes) back to storage and the others to snapshots:
    /// I/(2·I_total)·[f·(N/K_persist − 1) + (1 − f)·(N/K_snapshot − 1)].
    /// </summary>
    public static double TwoLevel(double intervalSteps, double totalSteps, int experts, int kSnapshot, int kPersist, double failedShare) =>
        intervalSteps / (2 * totalSteps) * MeanGap(experts, kSnapshot, kPersist, failedShare);

    /// <summary>
    /// The longest interval, in steps, whose expected PLT stays within <paramref name="budget"/>: I ≤ 2·I_total·budget/(N_fault·(N/K − 1)), with two levels the bracket of
    /// <see cref="TwoLevel"/> in place of N/K − 1. Infinite where nothing can be lost.
    /// </summary>
    public static double LongestInterval(
        double totalSteps, double budget, double expectedFaults, int experts, int kSnapshot, int kPersist, double failedShare = 1)
    {
        double perInterval = expectedFaults * MeanGap(experts, kSnapshot, kPersist, failedShare);
        return perInterval == 0 ? double.PositiveInfinity : 2 * totalSteps * budget / perInterval;
    }

    private static double MeanGap(int experts, int kSnapshot, int kPersist, double failedShare)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(kPersist, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(kPersist, kSnapshot);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(kSnapshot, experts);
        return (failedShare * (((double)experts / kPersist) - 1)) + ((1 - failedShare) * (((double)experts / kSnapshot) - 1));
    }
}

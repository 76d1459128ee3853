namespace MoeActors.Compute.Checkpoints.Partial;

/// <summary>What the overhead model is told: times measured in milliseconds, lengths in optimizer steps.</summary>
public sealed record OverheadInputs
{
    /// <summary>T_F&amp;B: forward and backward of a step, in which a snapshot hides.</summary>
    public required double ForwardBackwardMs { get; init; }

    /// <summary>T_iter: a whole step without any checkpoint.</summary>
    public required double IterationMs { get; init; }

    /// <summary>T_snapshot: the copy from device to host on the slowest rank.</summary>
    public required double SnapshotMs { get; init; }

    /// <summary>T_persist: the write to storage on the slowest rank; 0 when unknown.</summary>
    public double PersistMs { get; init; }

    /// <summary>O_restart: from a fault to training again, without the steps that are done again.</summary>
    public double RestartMs { get; init; }

    /// <summary>I_total: steps of the run.</summary>
    public required double TotalSteps { get; init; }

    /// <summary>I_ckpt: steps between checkpoints.</summary>
    public required double IntervalSteps { get; init; }

    /// <summary>Mean time between faults of the whole cluster; infinity = none.</summary>
    public required double MtbfMs { get; init; }

    /// <summary>N: experts of an MoE layer.</summary>
    public required int Experts { get; init; }

    /// <summary>Experts of a layer snapshotted at each checkpoint.</summary>
    public required int KSnapshot { get; init; }

    /// <summary>Experts of a layer persisted at each checkpoint.</summary>
    public required int KPersist { get; init; }

    /// <summary>f: share of the experts a fault takes back to storage.</summary>
    public double FailedShare { get; init; } = 1;
}

/// <summary>What the overhead model predicts.</summary>
/// <param name="SaveMs">O_save: stall of training at each checkpoint.</param>
/// <param name="ExpectedFaults">N_fault.</param>
/// <param name="RecoveryMs">E[R] of one fault: restart and the steps done again.</param>
/// <param name="OverheadMs">O_ckpt: all stalls, restarts and repeated steps of the run.</param>
/// <param name="OptimalIntervalSteps">I*: the interval that makes O_ckpt smallest.</param>
/// <param name="Ettr">Effective training time ratio: share of the time that is training which stays.</param>
/// <param name="Plt">Expected PLT of the run, a share.</param>
/// <param name="Reason">One sentence.</param>
public sealed record OverheadPrediction(
    double SaveMs, double ExpectedFaults, double RecoveryMs, double OverheadMs, double OptimalIntervalSteps, double Ettr, double Plt, string Reason);

/// <summary>MoC's overhead model (Eq. 3–16): what checkpoints and faults cost a run. λ is in faults per step: T_iter / MTBF.</summary>
public static class OverheadModel
{
    /// <summary>O_save = max(0, T_snapshot − T_F&amp;B), Eq. 10: what of the copy the next forward and backward does not hide.</summary>
    public static double SaveMs(double snapshotMs, double forwardBackwardMs) => Math.Max(0, snapshotMs - forwardBackwardMs);

    /// <summary>
    /// I*, in whole steps: the one with the smallest O_ckpt, √(2·O_save/λ) with O_save in steps; one the storage can follow, I ≥ ⌈T_persist/T_iter⌉, which is I* when O_save = 0.
    /// Infinite when saving costs something and no fault is expected.
    /// </summary>
    public static double OptimalIntervalSteps(double saveMs, double persistMs, double iterationMs, double mtbfMs)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(iterationMs);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(mtbfMs);
        double least = Math.Max(1, Math.Ceiling(persistMs / iterationMs));
        if (saveMs <= 0)
        {
            return least;
        }

        double square = 2 * (saveMs / iterationMs) / (iterationMs / mtbfMs);
        double floor = Math.Floor(Math.Sqrt(square));

        // a/I + b·I is smaller at n than at n + 1 exactly when a/b ≤ n·(n + 1).
        return Math.Max(least, double.IsInfinity(square) || square <= floor * (floor + 1) ? floor : floor + 1);
    }

    /// <summary>The prediction: O_ckpt = O_save·I_total/I + N_fault·(O_restart + I/2 · T_iter), N_fault = λ·I_total, ETTR = 1/(1 + O_save/(T_iter·I)) · 1/(1 + E[R]/MTBF).</summary>
    public static OverheadPrediction Predict(OverheadInputs inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        double save = SaveMs(inputs.SnapshotMs, inputs.ForwardBackwardMs);
        double optimal = OptimalIntervalSteps(save, inputs.PersistMs, inputs.IterationMs, inputs.MtbfMs);
        double faults = inputs.TotalSteps * inputs.IterationMs / inputs.MtbfMs;
        double recovery = inputs.RestartMs + (inputs.IntervalSteps / 2 * inputs.IterationMs);
        double saves = save * inputs.TotalSteps / inputs.IntervalSteps;
        double ettr = 1 / (1 + (save / (inputs.IterationMs * inputs.IntervalSteps))) / (1 + (recovery / inputs.MtbfMs));
        double plt = faults * PltModel.TwoLevel(
            inputs.IntervalSteps, inputs.TotalSteps, inputs.Experts, inputs.KSnapshot, inputs.KPersist, inputs.FailedShare);
        string reason = $"a checkpoint every {inputs.IntervalSteps:0.##} steps stalls {save:0.##} ms each, {saves:0} ms in all; {faults:0.##} expected faults cost {recovery:0} ms each; "
            + $"the best interval is {(double.IsInfinity(optimal) ? "the whole run" : $"{optimal:0} steps")}";
        return new(save, faults, recovery, saves + (faults * recovery), optimal, ettr, plt, reason);
    }
}

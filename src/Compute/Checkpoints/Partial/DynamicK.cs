namespace MoeActors.Compute.Checkpoints.Partial;

/// <summary>What Dynamic-K looks at after a recovery.</summary>
public sealed record DynamicKInputs
{
    /// <summary>PLT of the run so far, the fault just recovered from included; a share.</summary>
    public required double Plt { get; init; }

    /// <summary>PLT the run may reach (the MoC paper: 0.0375); a share.</summary>
    public required double Budget { get; init; }

    /// <summary>Faults still to be expected until the end of the run, λ·(remaining steps).</summary>
    public required double RemainingFaults { get; init; }

    /// <summary>Steps between checkpoints.</summary>
    public required double IntervalSteps { get; init; }

    /// <summary>Steps of the whole run.</summary>
    public required double TotalSteps { get; init; }

    /// <summary>Experts N of an MoE layer.</summary>
    public required int Experts { get; init; }

    /// <summary>Experts of a layer snapshotted at each checkpoint so far.</summary>
    public required int KSnapshot { get; init; }

    /// <summary>Experts of a layer persisted at each checkpoint so far.</summary>
    public required int KPersist { get; init; }

    /// <summary>Share of the experts that a fault takes back to storage; 1, the worst, where no snapshot is left.</summary>
    public double FailedShare { get; init; } = 1;
}

/// <summary>What Dynamic-K decided.</summary>
/// <param name="KSnapshot">Experts of a layer to snapshot from now on.</param>
/// <param name="KPersist">Experts of a layer to persist from now on.</param>
/// <param name="ExpectedPlt">PLT expected at the end of the run with them.</param>
/// <param name="Reason">One sentence.</param>
public sealed record DynamicKDecision(int KSnapshot, int KPersist, double ExpectedPlt, string Reason);

/// <summary>MoC's Dynamic-K. The paper says that K grows when its budget would be overrun; the rule is ours: it is doubled while the expected PLT at the end of the run exceeds the budget.</summary>
public static class DynamicK
{
    /// <summary>
    /// After a recovery: K_persist is doubled, to N at most, while PLT + ΔPLT(K)·E[remaining faults] &gt; budget, with ΔPLT of <see cref="PltModel.TwoLevel"/>; K_snapshot follows to at
    /// least K_persist. K never shrinks. With K = N nothing more is lost, whatever was lost before.
    /// </summary>
    public static DynamicKDecision After(DynamicKInputs inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        double Expected(int k) => inputs.Plt + (inputs.RemainingFaults
            * PltModel.TwoLevel(inputs.IntervalSteps, inputs.TotalSteps, inputs.Experts, Math.Max(inputs.KSnapshot, k), k, inputs.FailedShare));

        int persist = inputs.KPersist;
        while (persist < inputs.Experts && Expected(persist) > inputs.Budget)
        {
            persist = Math.Min(2 * persist, inputs.Experts);
        }

        double before = Expected(inputs.KPersist), after = Expected(persist);
        string found = $"PLT {inputs.Plt:P2} and {inputs.RemainingFaults:0.##} more faults at K = {inputs.KPersist} come to {before:P2}, budget {inputs.Budget:P2}";
        string reason = persist == inputs.KPersist
            ? before <= inputs.Budget ? $"{found}: K stays" : $"{found}: K is all {inputs.Experts} experts already"
            : $"{found}: K becomes {persist}, expected {after:P2}" + (after > inputs.Budget ? ", over the budget by what is lost already" : "");
        return new(Math.Max(inputs.KSnapshot, persist), persist, after, reason);
    }
}

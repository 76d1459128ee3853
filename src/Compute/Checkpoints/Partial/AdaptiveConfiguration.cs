namespace MoeActors.Compute.Checkpoints.Partial;

/// <summary>How often to checkpoint and how many experts to save.</summary>
/// <param name="KSnapshot">Experts of a layer to snapshot.</param>
/// <param name="KPersist">Experts of a layer to persist.</param>
/// <param name="IntervalSteps">Steps between checkpoints.</param>
/// <param name="SaveMs">O_save: expected stall at each checkpoint.</param>
/// <param name="ExpectedPlt">PLT expected at the end of the run, a share.</param>
/// <param name="Reason">One sentence.</param>
public sealed record AdaptiveChoice(int KSnapshot, int KPersist, long IntervalSteps, double SaveMs, double ExpectedPlt, string Reason);

/// <summary>MoC's adaptive configuration, as a pure function of measurements. A choice by measurement: it is frozen into the run's record (DT-1).</summary>
public static class AdaptiveConfiguration
{
    /// <summary>
    /// K_snapshot is the largest K whose copy hides in the next forward and backward (1 where not even that does). K_persist is the smallest for which an interval exists that the storage can
    /// follow, ⌈T_persist/T_iter⌉, and that keeps the PLT budget; it may push K_snapshot up, as K = N loses nothing. The interval is I* of <see cref="OverheadModel"/>, kept within these bounds
    /// and the run.
    /// </summary>
    public static AdaptiveChoice Choose(AdaptiveProfile profile)
    {
        ArgumentNullException.ThrowIfNull(profile);
        int hidden = 1;
        while (hidden < profile.Experts && profile.SnapshotMs(hidden + 1) <= profile.ForwardBackwardMs)
        {
            hidden++;
        }

        int persist = 1;
        while (persist < profile.Experts && Least(profile, persist) > Most(profile, Math.Max(hidden, persist), persist))
        {
            persist++;
        }

        int snapshot = Math.Max(hidden, persist);
        double save = OverheadModel.SaveMs(profile.SnapshotMs(snapshot), profile.ForwardBackwardMs);
        double least = Least(profile, persist), most = Most(profile, snapshot, persist);
        double optimal = OverheadModel.OptimalIntervalSteps(save, profile.PersistMs(persist), profile.IterationMs, profile.MtbfMs);
        double interval = Math.Max(1, Math.Min(Math.Min(optimal, Math.Floor(most)), profile.TotalSteps));
        double plt = Faults(profile) * PltModel.TwoLevel(interval, profile.TotalSteps, profile.Experts, snapshot, persist, profile.FailedShare);
        return new(snapshot, persist, (long)interval, save, plt, Reason(profile, hidden, snapshot, persist, save, interval, least, optimal));
    }

    /// <summary>Of a run with full checkpoints, where K is N and nothing is lost: the interval alone, I* of <see cref="OverheadModel"/>, at most the whole run.</summary>
    public static AdaptiveChoice ChooseInterval(AdaptiveProfile profile)
    {
        ArgumentNullException.ThrowIfNull(profile);
        int all = profile.Experts;
        double save = OverheadModel.SaveMs(profile.SnapshotMs(all), profile.ForwardBackwardMs);
        double optimal = OverheadModel.OptimalIntervalSteps(save, profile.PersistMs(all), profile.IterationMs, profile.MtbfMs);
        double interval = Math.Max(1, Math.Min(optimal, profile.TotalSteps)), least = Least(profile, all);
        string bound = interval < optimal ? "the whole run" : interval > least
            ? $"the best between stalls of {save:0.#} ms and repeated steps"
            : $"writing takes {profile.PersistMs(all):0.#} ms, {profile.PersistMs(all) / profile.IterationMs:0.#} steps";
        return new(all, all, (long)interval, save, 0, $"full checkpoints every {interval:0} steps ({bound})");
    }

    private static double Faults(AdaptiveProfile profile) => profile.TotalSteps * profile.IterationMs / profile.MtbfMs;

    private static double Least(AdaptiveProfile profile, int persist) => Math.Max(1, Math.Ceiling(profile.PersistMs(persist) / profile.IterationMs));

    private static double Most(AdaptiveProfile profile, int snapshot, int persist) => profile.PltBudget is { } budget
        ? PltModel.LongestInterval(profile.TotalSteps, budget, Faults(profile), profile.Experts, snapshot, persist, profile.FailedShare)
        : double.PositiveInfinity;

    private static string Reason(AdaptiveProfile profile, int hidden, int snapshot, int persist, double save, double interval, double least, double optimal)
    {
        string copy = $"its copy takes {profile.SnapshotMs(snapshot):0.#} ms of the {profile.ForwardBackwardMs:0.#} ms of forward and backward";
        string why = snapshot > hidden ? $"K_persist asks for it, {save:0.#} ms stall" : save > 0 ? $"the least, {save:0.#} ms stall" : "the largest that hides";
        string small = persist == 1 ? "the least" : $"the least that keeps a PLT of {profile.PltBudget:P2}";
        string bound = interval < optimal ? interval < profile.TotalSteps ? "the PLT budget allows no more" : "the whole run"
            : interval > least ? "the best between stalls and repeated steps"
            : $"writing takes {profile.PersistMs(persist):0.#} ms, {profile.PersistMs(persist) / profile.IterationMs:0.#} steps";
        return $"K_snapshot = {snapshot} of {profile.Experts} ({why}; {copy}), K_persist = {persist} ({small}), every {interval:0} steps ({bound})";
    }
}

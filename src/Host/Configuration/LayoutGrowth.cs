using MoeActors.Compute.Specs;

namespace MoeActors.Host.Configuration;

/// <summary>
/// Gives a new run a logical rank for each node where its preset has fewer and nobody asked for a layout: pure.
/// Only at the start of a run; a run that exists keeps its layout for life.
/// </summary>
internal static class LayoutGrowth
{
    /// <summary>The record to start with, and a sentence for the user when it was changed.</summary>
    /// <param name="run">The record as configured.</param>
    /// <param name="layoutChosen">Whether layout.ranks or layout.expert-parallel were set by the user.</param>
    public static (RunSpec Run, string? Note) Apply(RunSpec run, bool layoutChosen)
    {
        if (layoutChosen || run.Nodes <= run.Layout.Ranks || run.Layout.Ranks < 1)
        {
            return (run, null);
        }

        int ranks = run.Nodes;
        long unit = (long)ranks * Math.Max(1, run.Training.MicroBatches);
        if (run.Training.GlobalBatch % unit != 0)
        {
            long above = (run.Training.GlobalBatch / unit * unit) + unit;
            throw new SettingsException(
                $"nodes = {ranks}: training.global-batch = {run.Training.GlobalBatch} cannot be split over {ranks} logical ranks; " +
                $"expected fewer nodes or a multiple of {unit}, such as --set training.global-batch={above}");
        }

        int expertParallel = Enumerable.Range(1, ranks).Last(d => ranks % d == 0 && d <= Math.Max(1, run.Model.Moe.Experts));
        LogicalLayout layout = run.Layout with { Ranks = ranks, ExpertParallel = expertParallel };
        return (run with { Layout = layout }, $"{ranks} nodes need {ranks} logical ranks: layout.ranks = {ranks} instead of {run.Layout.Ranks}, layout.expert-parallel = {expertParallel}");
    }
}

using System.Globalization;
using System.Text.Json;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Plans;
using MoeActors.Compute.Specs;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Commands;

/// <summary>moe plan.</summary>
internal sealed class PlanHandler(TextWriter output) : IHandler<PlanRequest>
{
    /// <inheritdoc/>
    public Task<int> RunAsync(PlanRequest request, CancellationToken cancel)
    {
        RunSpec run = request.Settings.Run;
        MemoryPlan plan = MemoryPlan.Of(run.Model, run.Layout, run.Training.Precision, run.Nodes, run.Checkpoint.KeepsSnapshots, run.Copies);
        double[] risks = Risks(run);
        CheckpointPlanOutput? checkpoint = request.Checkpoint is { } asked ? new CheckpointPlanOutput(run, asked) : null;
        if (request.Json)
        {
            output.WriteLine(JsonSerializer.Serialize(
                new { Model = run.Model.Name, MoeLayers = run.Model.MoeLayers().Count, run.Model.Moe.Experts, run.Layout, Precision = Word(run.Training.Precision), Plan = plan, Checkpoint = checkpoint?.Json(), LossRisks = risks }, JsonOutput.Options));
            return Task.FromResult(ExitCodes.Ok);
        }

        ParameterCounts p = plan.Parameters;
        foreach (string note in request.Settings.Notes)
        {
            output.WriteLine($"note: {note}");
        }

        output.WriteLine($"{run.Model.Name}: {Millions(p.Total)} parameters = {Millions(p.Dense)} dense + {Millions(p.Experts)} in experts ({Millions(p.PerExpert)} each); {Millions(p.Active)} used by a token");
        output.WriteLine($"{run.Layout.Ranks} logical ranks, expert parallel {run.Layout.ExpertParallel}, {run.Layout.Groups} {(run.Layout.Groups == 1 ? "copy" : "copies")} of each expert, {run.Nodes} nodes, {Word(run.Training.Precision)}; activations come on top");
        output.WriteLine();
        var ranks = new TextTable("rank", "dense weights", "expert weights", "gradients", "optimizer", "snapshots", "copies", "memory", "checkpoint");
        foreach (IReadOnlyList<RankBytes> alike in AlikeRows.Of(plan.Ranks, (a, b) => a with { Rank = b.Rank } == b))
        {
            RankBytes r = alike[0];
            ranks.Add(AlikeRows.Numbers(r.Rank, alike.Count), Size(r.DenseWeights), Size(r.ExpertWeights), Size(r.Gradients), Size(r.Optimizer), Size(r.Snapshots), Size(r.Copies), Size(r.Memory), Size(r.Checkpoint));
        }

        ranks.Write(output);
        output.WriteLine();
        var nodes = new TextTable("node", "ranks", "weights", "gradients", "optimizer", "snapshots", "copies", "memory", "checkpoint");
        foreach (IReadOnlyList<NodeBytes> alike in AlikeRows.Of(plan.Nodes, (a, b) => a with { Node = b.Node, FirstRank = b.FirstRank } == b))
        {
            NodeBytes n = alike[0];
            nodes.Add(
                AlikeRows.Numbers(n.Node, alike.Count), $"{n.RankCount}", Size(n.Weights), Size(n.Gradients), Size(n.Optimizer), Size(n.Snapshots), Size(n.Copies), Size(n.Memory), Size(n.Checkpoint));
        }

        nodes.Write(output);
        output.WriteLine();
        output.WriteLine($"one full checkpoint: {Size(plan.CheckpointBytes)}");
        if (risks.Length > 0)
        {
            output.WriteLine($"nodes lost at once, and how likely at most the last copy of something goes with them (recovery.copies = {run.Copies}): {string.Join(", ", risks.Select((r, k) => string.Create(CultureInfo.InvariantCulture, $"{k + 1} of {run.Nodes}: {100 * r:0.#} %")))}");
        }

        checkpoint?.Write(output);
        return Task.FromResult(ExitCodes.Ok);
    }

    /// <summary>Bounds on the loss of the last copy of something, by number of nodes lost at once, from 1 to the first that can cause it. Empty in bounded-stale mode, where no state is gone on from.</summary>
    private static double[] Risks(RunSpec run)
    {
        if (!run.IsExact)
        {
            return [];
        }

        CopyPlan plan = CopyPlacement.Plan(run.Copies, [.. Enumerable.Range(0, run.Nodes).Select(n => n.ToString(CultureInfo.InvariantCulture))]);
        return [.. Enumerable.Range(1, Math.Min(run.Nodes, run.Copies + 1)).Select(k => CopyLossProbability.Bound(plan, [.. Enumerable.Range(0, run.Nodes)], k))];
    }

    private static string Millions(long count) => count < 100_000 ? $"{count / 1e3:0.0} k" : $"{count / 1e6:0.0} M";

    private static string Size(long bytes) => Quantities.Size(bytes);

    private static string Word(Precision precision) => precision == Precision.BFloat16 ? "bf16 with fp32 master" : "fp32";
}

using System.Diagnostics;
using System.Text.Json;

using MoeActors.Bench.Report;
using MoeActors.Compute.Local;
using MoeActors.Compute.Passes;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Routing.Gates;
using MoeActors.Compute.Routing.Losses;
using MoeActors.Compute.Specs;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Bench.Cases;

/// <summary>
/// What a run watches of its routing although it does not train on it, as a share of a step: the losses that are always measured, on every layer and rank; load and drops added up; their line of steps.jsonl.
/// One thread, in turn with a whole step of the plain engine.
/// </summary>
internal sealed class CountingCase : IBenchCase
{
    private const int Repeats = 20;

    private static readonly IAuxiliaryLoss[] Watched = [.. LossCatalogue.All.Where(l => l.AlwaysMeasured)];

    public string Name => CaseNames.Counting;

    public Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        using LocalTrainer trainer = PlainEngine.Start();
        RunSpec spec = PlainEngine.Spec;
        using DisposeScope scope = NewDisposeScope();
        int tokens = spec.RankBatch * spec.Model.Context, experts = spec.Model.Moe.Experts;
        GateOutput gate = TopKGate.Select(spec.Model.Moe, randn(tokens, experts).requires_grad_(), null, null);
        RoutingPlan plan = RoutingPlanner.Plan(spec.Layout, experts, experts, gate.Choices);
        RoutingPlan[] plans = [.. spec.Model.MoeLayers().Select(_ => plan)];
        var group = new RoutingGroup(spec.Model.Moe, spec.Layout, spec.Model.Context);
        var step = new List<double>();
        var counting = new List<double>();
        for (int i = -3; i < (context.Runs ?? 30); i++)
        {
            cancel.ThrowIfCancellationRequested();
            double whole = CpuMs(() => trainer.Step());
            double counted = CpuMs(() =>
            {
                for (int repeat = 0; repeat < Repeats; repeat++)
                {
                    Count(spec, gate, plans, group);
                }
            });
            if (i >= 0)
            {
                step.Add(whole);
                counting.Add(counted / Repeats);
            }
        }

        return Task.FromResult<IReadOnlyList<BenchRow>>(
            [BenchRow.Of("counting", "losses watched, load, drops", "ms", counting, Statistics.Median(step), $"processor time; baseline: a whole step of the plain engine on one thread; watched: {string.Join(", ", Watched.Select(l => l.Name))}")]);
    }

    private static void Count(RunSpec spec, GateOutput gate, RoutingPlan[] plans, RoutingGroup group)
    {
        var tally = new StepTally(spec);
        for (int rank = 0; rank < spec.Layout.Ranks; rank++)
        {
            Dictionary<string, double> losses = [];
            foreach (RoutingPlan plan in plans)
            {
                using DisposeScope scope = NewDisposeScope();
                foreach (IAuxiliaryLoss loss in Watched)
                {
                    losses[loss.Name] = losses.GetValueOrDefault(loss.Name) + loss.Of(gate, plan, group).ToDouble();
                }
            }

            tally.Add(rank, new LossParts(0, gate.Choices.Tokens, losses), plans);
        }

        StepResult result = tally.Result(1, 1, 1, applied: true);
        _ = JsonSerializer.SerializeToUtf8Bytes(new { result.Losses, tally.Routed });
    }

    private static double CpuMs(Action work)
    {
        TimeSpan begun = Process.GetCurrentProcess().TotalProcessorTime;
        work();
        return (Process.GetCurrentProcess().TotalProcessorTime - begun).TotalMilliseconds;
    }
}

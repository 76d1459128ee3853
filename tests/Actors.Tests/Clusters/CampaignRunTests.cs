using MoeActors.Actors.Cluster;
using MoeActors.Actors.Faults;
using MoeActors.Actors.Faults.Admin;
using MoeActors.Actors.Faults.Campaigns;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Models;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>Campaigns drawn from a seed, on three nodes of one process: whatever they do, the run ends like the undisturbed one (RC-1, DT-1).</summary>
public sealed class CampaignRunTests
{
    private const int Steps = 60;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public Task A_campaign_leaves_no_trace_in_the_result(int seed) => PassesAsync(seed, count: 4);

    [Theory]
    [Trait("Tier", "soak")]
    [MemberData(nameof(Seeds))]
    public Task No_campaign_leaves_a_trace_in_the_result(int seed) => PassesAsync(seed, count: 8);

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(3, 20)];

    private static async Task PassesAsync(int seed, int count)
    {
        var campaign = new Campaign
        {
            Seed = seed,
            Count = count,
            MeanSteps = 45.0 / count,
            FirstStep = 3,
            Kinds =
            [
                new("crash-rank", [], 0), new("crash-shard", [], 0), new("kernel-exception", [], 0), new("hang-handler", [], 200), new("crash-writer", [], 0), new("crash-coordinator", [], 0),
                new("link-drop", ["probability=0.5"], 1000), new("link-duplicate", ["probability=0.5"], 1000), new("link-reorder", ["probability=0.5"], 1000),
                new("link-delay", ["ms=3"], 200), new("partition", [], 200),
            ],
        };
        await using var cluster = new TestCluster { Faults = new FaultLimits(true, 3, TimeSpan.FromSeconds(10)) };
        await cluster.AddNodesAsync(3);
        RunSpec spec = TestRuns.Spec(cluster.Folder, steps: 100_000, nodes: 3, change: s => s with { Checkpoint = s.Checkpoint with { Interval = 10 } });
        IReadOnlyList<PlannedFault> planned = CampaignSchedule.Of(campaign, new CampaignRun(Steps, ["node-1", "node-2", "node-3"], spec.Layout.Ranks, spec.Model.MoeLayers().Count));

        // The run has no end of its own: it is stopped when the campaign is over.
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Run.OnStep = _ => begun.TrySetResult();
        Task<string> run = cluster.TrainAsync(spec);
        await Task.WhenAny(begun.Task, run);
        foreach (PlannedFault f in planned)
        {
            FaultAnswer answer = await cluster.AskAsync<FaultAnswer>(new InjectFault(f.Kind, f.Target, f.Parameters, f.AtStep, 0, f.ForMs, false, "campaign", ""));
            Assert.True(answer.Accepted, answer.Message);
        }

        while (!run.IsCompleted && (await cluster.AskAsync<FaultsAnswer>(new FaultsQuery(""))).Faults.Any(f => f.State is "scheduled" or "arming" or "begun"))
        {
        }

        await cluster.NextCheckpointAsync();
        cluster.Stop();
        Assert.Equal("stopped", await run);
        Assert.All(FaultAudit.Read(cluster.RunFolder), f => Assert.True(f.State is "over" or "observed", $"seed {seed}: {f.Id} {f.Kind} on {f.Target}: {f.State}: {f.Outcome}"));
        Reference expected = await Reference.TrainAsync(spec, (int)cluster.Run.Last!.Step);
        Assert.Equal(expected.Steps.Select(s => s.Loss), cluster.Run.Steps.Values.Take(expected.Steps.Count).Select(s => s.Loss));
        Assert.True(expected.WeightsHash == cluster.Run.Last.WeightsHash, $"seed {seed}: another state after {cluster.Run.Last.Step} steps\n{string.Join('\n', cluster.Run.Notes)}");
    }
}

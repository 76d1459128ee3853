using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Faults;
using MoeActors.Actors.Faults.Admin;
using MoeActors.Actors.Faults.Campaigns;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>Campaigns drawn from a seed, on three nodes of one process: whatever they do, the run ends like the undisturbed one (RC-1, DT-1), and each sample counts once (DA-1).</summary>
public sealed class CampaignRunTests
{
    private const int Steps = 55 + CampaignSchedule.QuietSteps, Most = 10;

    /// <summary>Kinds that a process can do to itself and live.</summary>
    private static readonly CampaignKind[] Kinds =
    [
        new("crash-rank", [], 0), new("crash-shard", [], 0), new("kernel-exception", [], 0), new("hang-handler", [], 200), new("crash-writer", [], 0), new("crash-coordinator", [], 0),
        new("link-drop", ["probability=0.5"], 1000), new("link-duplicate", ["probability=0.5"], 1000), new("link-reorder", ["probability=0.5"], 1000),
        new("link-delay", ["ms=3"], 200), new("link-bandwidth", ["kib=4096"], 200), new("partition", [], 200),
        new("storage-error", [], 500), new("storage-full", [], 500), new("storage-slow", ["ms=2"], 500), new("corrupt-shard-file", [], 0),
        new("corrupt-snapshot", [], 0), new("lose-snapshot", [], 0), new("corrupt-weights", [], 0), new("corrupt-moments", [], 0), new("clock-jump", ["seconds=-86400"], 300), new("leave", [], 0),
    ];

    /// <summary>What a fault may find that leaves it nothing to do; it says so and has failed (AD-1).</summary>
    private static readonly string[] NothingToHit =
    [
        "is being written at this moment", "no checkpoint is published", "no snapshot of", "no checkpoint was written meanwhile", "frames or connections to",
    ];

    /// <summary>What is said of a fault whose target or observer left the cluster meanwhile: that nobody saw it, and so it has failed (AD-1).</summary>
    private static readonly string[] NobodyThere = ["never said whether it took", "it has not begun here", "did not answer"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public Task A_campaign_leaves_no_trace_in_the_result(int seed) => PassesAsync(seed, count: 4);

    /// <summary>Tier soak; <c>MOE_CAMPAIGNS=FIRST-LAST</c> chooses other seeds.</summary>
    [Theory]
    [Trait("Tier", "soak")]
    [MemberData(nameof(Seeds))]
    public Task No_campaign_leaves_a_trace_in_the_result(int seed) => PassesAsync(seed, count: 1 + (seed % Most));

    public static TheoryData<int> Seeds()
    {
        int[] range = [.. (Environment.GetEnvironmentVariable("MOE_CAMPAIGNS") ?? "1001-1200").Split('-').Select(s => int.Parse(s, System.Globalization.CultureInfo.InvariantCulture))];
        return [.. Enumerable.Range(range[0], range[1] - range[0] + 1)];
    }

    private static async Task PassesAsync(int seed, int count)
    {
        var campaign = new Campaign { Seed = seed, Count = count, MeanSteps = 45.0 / count, FirstStep = 3, Kinds = Kinds };
        await using var cluster = new TestCluster { Faults = new FaultLimits(true, 3, TimeSpan.FromSeconds(10)) };
        await cluster.AddNodesAsync(3);
        RunSpec spec = TestRuns.Spec(cluster.Folder, steps: 100_000, nodes: 3, change: s => s with
        {
            Checkpoint = s.Checkpoint with { Interval = 10, Vault = VaultUse.On },
            Recovery = new RecoverySpec { Copies = 1 },
        });
        IReadOnlyList<PlannedFault> planned = CampaignSchedule.Of(campaign, new CampaignRun(Steps, ["node-1", "node-2", "node-3"], spec.Layout.Ranks, spec.Model.MoeLayers().Count));

        // The run has no end of its own: it is stopped when the campaign is over.
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Run.OnStep = _ => begun.TrySetResult();
        Task<string> run = cluster.TrainAsync(spec);
        await Task.WhenAny(begun.Task, run);
        await using var keeper = new NodeKeeper(cluster);
        foreach (PlannedFault f in planned)
        {
            // As the campaign driver: a node that is being started again, a coordinator that takes office, is there a moment later.
            var ask = new InjectFault(f.Kind, f.Target, f.Parameters, f.AtStep, 0, f.ForMs, false, "campaign", $"{seed}-{f.AtStep}-{f.Kind}-{f.Target}");
            while (!run.IsCompleted && !(await keeper.AskAsync<FaultAnswer>(ask)).Accepted)
            {
            }
        }

        while (!run.IsCompleted && (await keeper.AskAsync<FaultsAnswer>(new FaultsQuery(""))).Faults.Any(f => f.State is "scheduled" or "arming" or "begun" or "observed"))
        {
        }

        await keeper.NextCheckpointAsync();
        await keeper.StopAsync();
        string told = $"seed {seed}\n{string.Join('\n', planned)}\n{string.Join('\n', cluster.Run.Notes)}";
        string outcome = await run;
        Assert.True(outcome == "stopped", $"{outcome}\n{told}");
        string[] excuses = planned.Any(f => f.Kind == "leave") ? [.. NothingToHit, .. NobodyThere] : NothingToHit;
        Assert.All(FaultAudit.Read(cluster.RunFolder), f => Assert.True(
            f.State is "over" or "observed" || excuses.Any(n => f.Outcome.Contains(n, StringComparison.Ordinal)), $"{f.Id} {f.Kind} on {f.Target}: {f.State}: {f.Outcome}\n{told}"));
        CommittedCheckpoint last = cluster.Run.Last!;
        Reference expected = await Reference.TrainAsync(spec, (int)last.Step);
        Assert.True(expected.Steps.Select(s => s.Loss).SequenceEqual(cluster.Run.Steps.Values.Take(expected.Steps.Count).Select(s => s.Loss)), $"other losses\n{told}");
        Assert.True((expected.WeightsHash, expected.StateHash) == (last.WeightsHash, last.StateHash), $"another state after {last.Step} steps\n{told}");
    }
}

using MoeActors.Actors.Faults;
using MoeActors.Actors.Faults.Admin;
using MoeActors.Actors.Node;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>Faults injected into running nodes through the admin: each takes, is seen by another node, and leaves no trace in the result (AD-1, RC-1).</summary>
public sealed class FaultInjectionTests
{
    private static readonly FaultLimits Limits = new(true, 2, TimeSpan.FromSeconds(20));

    [Fact]
    [Trait("Tier", "soak")]
    public async Task Every_fault_of_actors_links_and_storage_takes_and_the_run_ends_like_the_undisturbed_one()
    {
        await using var cluster = new TestCluster { Faults = Limits };
        await cluster.AddNodesAsync(3);
        RunSpec spec = TestRuns.Spec(cluster.Folder, steps: 100_000, nodes: 3, s => s with { Checkpoint = s.Checkpoint with { Interval = 10, Keep = 1000, Vault = VaultUse.On } });
        Task<string> run = Started(cluster, spec);
        (string Kind, string Target, long ForMs, string[] With)[] faults =
        [
            ("crash-rank", "rank-1", 0, []),
            ("crash-shard", "expert-shard-1-2", 0, []),
            ("kernel-exception", "expert-shard-0-0", 0, []),
            ("hang-handler", "expert-shard-0-1", 400, []),
            ("crash-writer", "node-2", 0, []),
            ("crash-coordinator", "coordinator", 0, []),
            ("link-drop", "node-1>node-2", 10_000, ["probability=0.5"]),
            ("link-duplicate", "node-2>node-3", 10_000, ["probability=0.5"]),
            ("link-reorder", "node-3>node-1", 10_000, ["probability=0.5"]),
            ("link-delay", "node-1>node-3", 5_000, ["ms=5"]),
            ("link-bandwidth", "node-2>node-1", 5_000, ["kib=2048"]),
            ("partition", "node-1=node-3", 300, []),
            ("storage-error", "node-2", 20_000, []),
            ("storage-full", "node-3", 20_000, []),
            ("storage-slow", "node-2", 20_000, ["ms=2"]),
            ("corrupt-shard-file", "node-1", 0, []),
            ("corrupt-snapshot", "expert-shard-0-1", 0, []),
            ("lose-snapshot", "expert-shard-1-1", 0, []),
            ("corrupt-weights", "expert-shard-1-0", 0, []),
            ("corrupt-moments", "expert-shard-0-3", 0, []),
            ("clock-jump", "node-2", 200, ["seconds=-86400"]),

            // What is damaged now, in storage and in memory, is met by a recovery.
            ("crash-shard", "expert-shard-0-2", 0, []),
        ];
        foreach ((string kind, string target, long forMs, string[] with) in faults)
        {
            if (kind == "corrupt-shard-file")
            {
                // There has to be one: so far the run may have been stopped again and again before its first checkpoint.
                await cluster.NextCheckpointAsync();
            }

            FaultLine line;
            do
            {
                line = await InjectAsync(cluster, kind, target, forMs, with);
            }
            while (line.Outcome.Contains("is being written at this moment", StringComparison.Ordinal));
            Assert.True(line.State == "over" || line.State == "observed", $"{kind}: {line.State}: {line.Outcome}\n{string.Join('\n', cluster.Run.Notes)}");
            Assert.False(run.IsCompleted, string.Join('\n', cluster.Run.Notes));

            // What lasts and has been seen need not be waited for.
            await cluster.AskAsync<FaultAnswer>(new CancelFault(line.Id, "test"));
        }

        await cluster.NextCheckpointAsync();
        cluster.Stop();
        Assert.Equal("stopped", await run);
        int steps = (int)cluster.Run.Steps.Keys.Last() + 1;
        Reference expected = await Reference.TrainAsync(spec, steps);
        Assert.Equal(expected.Steps.Select(s => s.Loss), cluster.Run.Steps.Values.Select(s => s.Loss));
        Assert.Equal(expected.WeightsHash, cluster.Run.Last!.WeightsHash);
        Assert.Contains(cluster.Run.Faults, f => f is { Injected: true, Kind: "actor-failed" } && f.Target.EndsWith("/rank-1", StringComparison.Ordinal));
        Audited(cluster);
    }

    [Fact]
    public async Task A_node_whose_control_plane_is_cut_is_missed_by_the_others_and_the_run_goes_on_once_it_is_heard_again()
    {
        await using var cluster = new TestCluster { Faults = Limits };
        for (int n = 1; n <= 3; n++)
        {
            // Missed soon, given up late.
            await cluster.AddNodeAsync($"node-{n}", o => o with { Detection = new DetectionOptions { AcceptablePause = TimeSpan.FromMilliseconds(500), StableAfter = TimeSpan.FromSeconds(30) } });
        }

        RunSpec spec = TestRuns.Spec(cluster.Folder, steps: 100_000, nodes: 3);
        Task<string> run = Started(cluster, spec);
        FaultLine line = await InjectAsync(cluster, "control-cut", "node-3", 3_000);
        Assert.Contains("is unreachable, and its process lives", line.Outcome, StringComparison.Ordinal);
        while ((await cluster.AskAsync<FaultsAnswer>(new FaultsQuery(line.Id))).Faults[0].State != "over")
        {
        }

        await cluster.NextCheckpointAsync();
        cluster.Stop();
        Assert.Equal("stopped", await run);
        Reference expected = await Reference.TrainAsync(spec, (int)cluster.Run.Steps.Keys.Last() + 1);
        Assert.Equal(expected.WeightsHash, cluster.Run.Last!.WeightsHash);
    }

    [Fact]
    public async Task A_node_whose_TLS_breaks_is_dialled_anew_when_that_is_over_and_nobody_ends()
    {
        await using var cluster = new TestCluster { Faults = Limits };
        for (int n = 1; n <= 3; n++)
        {
            await cluster.AddNodeAsync($"node-{n}", o => o with { Detection = new DetectionOptions { StableAfter = TimeSpan.FromSeconds(30) } });
        }

        RunSpec spec = TestRuns.Spec(cluster.Folder, steps: 100_000, nodes: 3);
        Task<string> run = Started(cluster, spec);
        FaultLine line = await InjectAsync(cluster, "tls-break", "node-3", 2_000);
        Assert.Contains("the handshake with node-3 breaks", line.Outcome, StringComparison.Ordinal);
        while ((await cluster.AskAsync<FaultsAnswer>(new FaultsQuery(line.Id))).Faults[0].State != "over")
        {
        }

        await cluster.NextCheckpointAsync();
        cluster.Stop();
        Assert.Equal("stopped", await run);
        Reference expected = await Reference.TrainAsync(spec, (int)cluster.Run.Steps.Keys.Last() + 1);
        Assert.Equal(expected.WeightsHash, cluster.Run.Last!.WeightsHash);
    }

    [Fact]
    public async Task A_NaN_in_a_gradient_costs_that_step_and_says_so()
    {
        await using var cluster = new TestCluster { Faults = Limits };
        await cluster.AddNodesAsync(2);
        Task<string> run = Started(cluster, TestRuns.Spec(cluster.Folder, steps: 100_000, nodes: 2));
        FaultLine line = await InjectAsync(cluster, "nan-gradient", "expert-shard-1-1", 0);
        Assert.Equal("over", line.State);
        Assert.Matches(@"^step \d+ was skipped$", line.Outcome);
        cluster.Stop();
        await run;
        Assert.Contains(cluster.Run.AllSteps, s => s.Skipped);
    }

    [Fact]
    public async Task A_jump_of_the_wall_clock_ends_nothing_early_or_late()
    {
        await using var cluster = new TestCluster { Faults = Limits };
        await cluster.AddNodesAsync(2);
        Task<string> run = Started(cluster, TestRuns.Spec(cluster.Folder, steps: 100_000, nodes: 2));
        FaultLine jump = await InjectAsync(cluster, "clock-jump", "node-1", 20_000, "seconds=-86400");
        Assert.Equal("observed", jump.State);
        Assert.Contains("-86400 s off", jump.Outcome, StringComparison.Ordinal);

        // The admin lives there: by a clock that went back a day, what lasts a moment would not end before tomorrow.
        FaultLine delay = await InjectAsync(cluster, "link-delay", "node-1>node-2", 200, "ms=1");
        while ((await cluster.AskAsync<FaultsAnswer>(new FaultsQuery(delay.Id))).Faults[0].State == "observed")
        {
        }

        await cluster.AskAsync<FaultAnswer>(new CancelFault(jump.Id, "test"));
        cluster.Stop();
        Assert.Equal("stopped", await run);
        Assert.Equal(["cancelled", "over"], FaultAudit.Read(cluster.RunFolder).Select(f => f.State).Order());
    }

    [Fact]
    public async Task One_more_node_joins_where_somebody_can_start_it_and_elsewhere_the_answer_says_so()
    {
        await using var cluster = new TestCluster { Faults = Limits };
        Task joined = Task.CompletedTask;
        await cluster.AddNodeAsync("node-1", o => o with { StartNode = () => joined = cluster.AddNodeAsync("node-3") });
        await cluster.AddNodeAsync("node-2");
        await cluster.KnownAsync(2);
        FaultLine line = await InjectAsync(cluster, "join", "node-1", 0);
        await joined;
        Assert.Equal("over", line.State);
        Assert.EndsWith("has joined", line.Outcome, StringComparison.Ordinal);
        FaultLine refused = await InjectAsync(cluster, "join", "node-2", 0);
        Assert.Equal("failed", refused.State);
        Assert.Contains("was not started by moe train", refused.Outcome, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fault_that_cannot_take_fails_loudly()
    {
        await using var cluster = new TestCluster { Faults = Limits };
        await cluster.AddNodesAsync(2);

        // No checkpoint is written before the run ends, so no write can fail.
        Task<string> run = Started(cluster, TestRuns.Spec(cluster.Folder, steps: 100_000, nodes: 2, s => s with { Checkpoint = s.Checkpoint with { Interval = 0 } }));
        FaultLine refused = await InjectAsync(cluster, "corrupt-shard-file", "node-2", 0);
        Assert.Equal(("failed", true), (refused.State, refused.Outcome.Contains("no checkpoint is published", StringComparison.Ordinal)));
        cluster.Stop();
        await run;
        Assert.Contains(cluster.Run.Notes, n => n.Contains("FAILED", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Where_it_is_not_enabled_nothing_listens()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(2);
        FaultAnswer answer = await cluster.AskAsync<FaultAnswer>(new InjectFault("kill-process", "node-2", [], -1, 0, 0, false, "test", ""));
        Assert.False(answer.Accepted);
        Assert.Contains("faults.enabled = on", answer.Message, StringComparison.Ordinal);
        Assert.False((await cluster.AskAsync<FaultsAnswer>(new FaultsQuery(""))).Enabled);
        await Assert.ThrowsAsync<Akka.Actor.ActorNotFoundException>(() => cluster.Nodes[1].System.ActorSelection("/user/node/fault-agent")
            .ResolveOne(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken));
    }

    /// <summary>The run in its first steps.</summary>
    private static Task<string> Started(TestCluster cluster, RunSpec spec)
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Run.OnStep = _ => begun.TrySetResult();
        Task<string> run = cluster.TrainAsync(spec);
        Task first = Task.WhenAny(begun.Task, run);
        first.Wait(TestContext.Current.CancellationToken);
        return run;
    }

    private static async Task<FaultLine> InjectAsync(TestCluster cluster, string kind, string target, long forMs, params string[] with)
    {
        FaultAnswer answer = await cluster.AskAsync<FaultAnswer>(new InjectFault(kind, target, with, -1, 0, forMs, false, "test", ""));
        Assert.True(answer.Accepted, $"{kind}: {answer.Message}\n{string.Join('\n', cluster.Run.Notes)}");
        while (true)
        {
            FaultLine line = (await cluster.AskAsync<FaultsAnswer>(new FaultsQuery(answer.Id))).Faults[0];
            if (line.State is not ("scheduled" or "arming" or "begun"))
            {
                return line;
            }
        }
    }

    /// <summary>AD-1: each fault's intent stands in the audit before its beginning, and its outcome after it.</summary>
    private static void Audited(TestCluster cluster)
    {
        string[] lines = File.ReadAllLines(Path.Combine(cluster.RunFolder, FaultAudit.FileName));
        foreach (int n in FaultAudit.Read(cluster.RunFolder).Where(f => f.State != "failed").Select(f => int.Parse(f.Id[2..], System.Globalization.CultureInfo.InvariantCulture)))
        {
            int At(string what) => Array.FindIndex(lines, l => l.Contains($"\"what\":\"{what}\",\"id\":\"f-{n}\"", StringComparison.Ordinal));
            Assert.True(At("accepted") >= 0 && At("intent") > At("accepted") && At("begun") > At("intent") && At("observed") > At("begun"), $"f-{n}: {string.Join('\n', lines)}");
        }
    }
}

using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Journal;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>Partial-expert checkpoints in a real cluster: what is saved, what a recovery restores, and what it costs.</summary>
public sealed class PartialCheckpointTests
{
    [Fact]
    public async Task The_first_and_last_checkpoints_are_complete_and_those_between_save_one_expert_of_each_layer_in_turn()
    {
        await using TestCluster cluster = await TestCluster.StartAsync(2);
        RunSpec spec = Partial(cluster, steps: 17, k: 1);
        Assert.Equal("completed", await cluster.TrainAsync(spec));

        Manifest[] manifests = [.. Store(cluster).List().Valid.OrderBy(m => m.Step)];
        Assert.All(manifests, m => Assert.Equal(Manifest.Partial, m.Kind));
        Assert.Equal([(2L, 12), (17L, 12)], new[] { manifests[0], manifests[^1] }.Select(m => (m.Step, Fresh(m).Count)));
        Assert.All(manifests[1..^1], m => Assert.Equal(2, Fresh(m).Count));
        Assert.All(manifests, m => Assert.Empty(Store(cluster).Verify(m.Step, TestContext.Current.CancellationToken)));

        // Six experts, K = 1: six checkpoints in a row save each of a layer's experts once.
        foreach (int layer in new[] { 0, 1 })
        {
            Assert.Equal(Enumerable.Range(0, 6), manifests[1..7].SelectMany(Fresh).Where(e => e.Layer == layer).Select(e => e.Expert).Order());
        }
    }

    [Fact]
    public async Task What_prunes_only_weights_loses_nothing_a_recovery_is_exact()
    {
        (RecordedRun undisturbed, _) = await RunAsync(s => s with { Mask = "w" }, faults: []);
        (RecordedRun run, _) = await RunAsync(s => s with { Mask = "w" }, faults: [9]);
        Assert.Equal(undisturbed.Last!.WeightsHash, run.Last!.WeightsHash);
        Assert.Equal(undisturbed.Last.StateHash, run.Last.StateHash);
        Assert.Equal(0, Assert.Single(run.Faults).Plt);
    }

    [Fact]
    public async Task A_recovery_takes_stale_experts_says_what_it_cost_and_goes_on_to_the_end()
    {
        (RecordedRun run, _) = await RunAsync(s => s with { Vault = VaultUse.Off }, faults: [9]);
        FaultTimeline fault = Assert.Single(run.Faults);
        Assert.Equal("persisted checkpoint", fault.Rung);
        Assert.InRange(fault.Plt, 0.01, 0.6);
        Assert.Contains(run.Notes, n => n.Contains("of all tokens lost to stale experts", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Two_levels_lose_less_than_one_survivors_take_experts_from_their_own_memory()
    {
        (RecordedRun storage, _) = await RunAsync(s => s with { Vault = VaultUse.Off, KSnapshot = 3 }, faults: [9]);
        (RecordedRun memory, _) = await RunAsync(s => s with { KSnapshot = 3 }, faults: [9]);
        Assert.Equal("persisted checkpoint, snapshots in memory", Assert.Single(memory.Faults).Rung);
        Assert.InRange(memory.Faults[0].Plt, 0.001, storage.Faults[0].Plt * 0.8);
    }

    [Fact]
    public async Task What_a_survivor_s_memory_has_lost_comes_from_the_next_rung()
    {
        (RecordedRun lost, _) = await RunAsync(s => s with { KSnapshot = 3 }, faults: [9], before: (cluster, step) =>
        {
            if (step == 8 && cluster.Run.Epochs.Count == 1)
            {
                Assert.NotEqual(-1, LoseSnapshots(cluster));
            }
        });
        FaultTimeline fault = Assert.Single(lost.Faults);
        Assert.Equal("persisted checkpoint", fault.Rung);
        Assert.InRange(fault.Plt, 0.01, 0.6);
        Assert.Contains(lost.Notes, n => n.Contains("is in memory", StringComparison.Ordinal));
    }

    /// <summary>From the coordinator's thread, before it decides another step.</summary>
    private static long LoseSnapshots(TestCluster cluster) => (
        from node in cluster.Nodes
        from layer in Enumerable.Range(0, 2)
        from position in Enumerable.Range(0, 4)
        from expert in Enumerable.Range(0, 6)
        select node.Vault!.Lose(UnitId.Experts(layer, position, 0), expert)).Max();

    [Fact]
    public async Task The_masters_of_all_experts_are_exact_where_the_mask_keeps_them()
    {
        (RecordedRun run, TestCluster cluster) = await RunAsync(s => s with { Mask = "wo", Vault = VaultUse.Off }, faults: [9], keep: true);
        await using (cluster)
        {
            Manifest middle = Store(cluster).List().Valid.OrderBy(m => m.Step).Skip(2).First();
            Assert.All(middle.Entries.Where(e => e.Slot == Slots.Master), e => Assert.Equal(middle.Step, e.Version));
            Assert.Contains(middle.Entries, e => e.Slot == Slots.First && e.Version < middle.Step);
            Assert.InRange(run.Faults[0].Plt, 0.01, 0.6);
        }
    }

    [Fact]
    public async Task A_run_that_waits_for_its_checkpoints_computes_the_same()
    {
        (RecordedRun blocking, _) = await RunAsync(s => s, faults: []);
        (RecordedRun beside, _) = await RunAsync(s => s with { Asynchronous = true }, faults: []);
        Assert.Equal(beside.Last!.WeightsHash, blocking.Last!.WeightsHash);
        Assert.Equal(6, blocking.Checkpoints.Count);
    }

    [Fact]
    public async Task A_resumed_run_restores_each_expert_from_its_own_version_and_counts_what_that_cost()
    {
        string folder = Directory.CreateTempSubdirectory("moe-partial-").FullName;
        try
        {
            RunSpec spec;
            await using (var first = new TestCluster(folder))
            {
                await first.AddNodesAsync(2);
                spec = Partial(first, steps: 11, k: 1);
                Assert.Equal("completed", await first.TrainAsync(spec));

                // As a crash after step 8 would leave it.
                foreach (long step in new[] { 10L, 11L })
                {
                    File.Delete(Path.Combine(first.RunFolder, "checkpoints", CheckpointPaths.ManifestName(step)));
                }
            }

            await using var second = new TestCluster(folder);
            await second.AddNodesAsync(2);
            Assert.Equal("completed", await second.TrainAsync(spec, resume: true));
            Assert.Equal(8, second.Run.Steps.Keys.First());
            Manifest last = Store(second).Newest()!;
            PltLedger ledger = PltLedger.FromJson(last.Plt!.Value.GetRawText());
            Assert.True(ledger.Lost(StateClass.Parameters).Sum() > 0);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<(RecordedRun Run, TestCluster Cluster)> RunAsync(Func<CheckpointSpec, CheckpointSpec> change, long[] faults, bool keep = false, Action<TestCluster, long>? before = null)
    {
        var sabotage = new Sabotage("rank-2", faults);
        var cluster = new TestCluster { Trace = sabotage.Trace };
        try
        {
            await cluster.AddNodesAsync(2);
            sabotage.Arm(cluster);
            cluster.Run.OnStep = s => before?.Invoke(cluster, s.Step);
            RunSpec spec = Partial(cluster, steps: 12, k: 1);
            Assert.Equal("completed", await cluster.TrainAsync(spec with { Checkpoint = change(spec.Checkpoint) }));
            Assert.Equal(faults.Length, cluster.Run.Faults.Count);
            return (cluster.Run, cluster);
        }
        finally
        {
            if (!keep)
            {
                await cluster.DisposeAsync();
            }
        }
    }

    // Training waits for each checkpoint: beside it, one that is due while another is still being written is left out, and what is saved when depends on the machine.
    internal static RunSpec Partial(TestCluster cluster, int steps, int k) => TestRuns.Spec(cluster.Folder, steps, nodes: 2, spec => spec with
    {
        Checkpoint = new CheckpointSpec { Interval = 2, Keep = 100, Mode = CheckpointMode.Partial, KPersist = k, KSnapshot = k, DynamicK = false, Asynchronous = false },
    });

    internal static CheckpointStore Store(TestCluster cluster) => new(Path.Combine(cluster.RunFolder, "checkpoints"));

    private static HashSet<(int Layer, int Expert)> Fresh(Manifest manifest) =>
        [.. manifest.Entries.Where(e => e.Expert >= 0 && e.Version == manifest.Step).Select(e => (e.Layer, e.Expert))];
}

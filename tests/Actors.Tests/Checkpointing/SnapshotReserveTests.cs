using CsCheck;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.Tests.Cluster;
using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Checkpoints.Sharding;
using MoeActors.Compute.Data;
using MoeActors.Compute.Plans;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Checkpointing;

/// <summary>A node makes the buffers of its snapshots before they are needed, as many as the plan says.</summary>
public sealed class SnapshotReserveTests
{
    private static readonly Gen<RunSpec> Runs =
        from mode in Gen.Enum<CheckpointMode>()
        from precision in Gen.Enum<Precision>()
        from mask in Any("w", "o", "wo", "eq6")
        from sharding in Any("baseline", "equal", "adaptive")
        from persist in Gen.Int[1, 5]
        from snapshot in Gen.Int[1, 6]
        from vault in Gen.Enum<VaultUse>()
        from parallel in Any(1, 2, 4)
        from exact in Gen.Bool
        let run = Specs.Run()
        select run with
        {
            Recovery = new RecoverySpec { Mode = exact ? RecoveryMode.Exact : RecoveryMode.BoundedStale },
            Layout = run.Layout with { ExpertParallel = parallel },
            Training = run.Training with { Precision = precision },
            Checkpoint = run.Checkpoint with { Mode = mode, Mask = mask, Sharding = sharding, KPersist = persist, KSnapshot = Math.Max(snapshot, persist), Vault = vault, CompleteEvery = 2 },
        };

    [Fact]
    public void No_checkpoint_of_a_run_makes_a_buffer_and_the_reserve_is_all_the_vault_ever_owns() => Runs.Sample(
        spec =>
        {
            foreach (int[] ranks in (int[][])[[0, 1], [2, 3]])
            {
                using var vault = new RecordedVault(spec, ranks);
                long reserved = vault.Bytes;
                CoordinatorState state = Fresh(spec);
                for (int step = 1; step <= 14; step++)
                {
                    CheckpointOrder order = CheckpointOrders.Next(state, last: false);
                    vault.Take(order, step);
                    vault.Committed(step);
                    state = Published(state, order, step);
                }

                Assert.Equal((0, reserved), (vault.Late, vault.Bytes));
            }
        },
        iter: 15,
        threads: 1);

    [Fact]
    public void Of_full_checkpoints_it_holds_what_the_memory_plan_says() => Runs.Sample(
        run =>
        {
            // Weights are shared out by the planner, not by who owns the masters: the sum over the nodes agrees.
            RunSpec spec = run with { Checkpoint = run.Checkpoint with { Mode = CheckpointMode.Full } };
            MemoryPlan plan = MemoryPlan.Of(spec.Model, spec.Layout, spec.Training.Precision, nodes: 2, spec.Checkpoint.KeepsSnapshots);
            Assert.Equal(plan.Nodes.Sum(n => n.Snapshots), SnapshotReserve.Of(spec, [0, 1]).Bytes + SnapshotReserve.Of(spec, [2, 3]).Bytes);
        },
        iter: 50);

    [Theory]
    [InlineData(1, "eq6")]
    [InlineData(2, "eq6")]
    [InlineData(4, "eq6")]
    [InlineData(2, "o")]
    public void Of_partial_ones_it_holds_the_snapshots_kept_and_the_largest_copy(int k, string mask)
    {
        RunSpec spec = Specs.Run();
        spec = spec with
        {
            Layout = spec.Layout with { ExpertParallel = 4 },
            Model = spec.Model with { Moe = spec.Model.Moe with { Experts = 8 } },
            Checkpoint = spec.Checkpoint with { Mode = CheckpointMode.Partial, Mask = mask, KPersist = k, KSnapshot = k },
        };
        CheckpointCost cost = CheckpointCost.Of(spec, ShardingMode.Equal, PecMask.Parse(mask), k, new CostAssumptions());
        Assert.Equal(cost.KeptBytes + cost.SnapshotBytes, ((int[][])[[0, 1], [2, 3]]).Max(ranks => SnapshotReserve.Of(spec, ranks).Bytes));
    }

    [Fact]
    public void Where_the_load_decides_it_is_ready_for_any_choice() => Runs.Select(Gen.Int[0, 1000]).Sample(
        (run, seed) =>
        {
            RunSpec spec = run with { Checkpoint = run.Checkpoint with { Mode = CheckpointMode.Partial, Selection = ExpertChoice.LoadAware, Sharding = "equal" } };
            var random = new Random(seed);
            using var vault = new RecordedVault(spec, [0, 1]);
            vault.Take(CheckpointOrder.All, 1);
            vault.Committed(1);
            for (int step = 2; step <= 5; step++)
            {
                int[][] copied = [.. spec.Model.MoeLayers().Select(_ => Shuffled(random)[..spec.Checkpoint.KSnapshot])];
                vault.Take(new CheckpointOrder(false, copied, [.. copied.Select(l => l[..spec.Checkpoint.KPersist])]), step);
                vault.Committed(step);
            }

            Assert.Equal(0, vault.Late);
        },
        iter: 10,
        threads: 1);

    [Fact]
    public void A_run_that_only_saves_its_result_reserves_nothing() =>
        Assert.Equal(0, SnapshotReserve.Of(Specs.Run(interval: 0), [0, 1, 2, 3]).Bytes);

    private static Gen<T> Any<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static int[] Shuffled(Random random)
    {
        int[] experts = [.. Enumerable.Range(0, 6)];
        random.Shuffle(experts);
        return experts;
    }

    private static CoordinatorState Fresh(RunSpec spec) => new() { Spec = spec, KSnapshot = spec.Checkpoint.KSnapshot, KPersist = spec.Checkpoint.KPersist };

    private static CoordinatorState Published(CoordinatorState state, CheckpointOrder order, long step)
    {
        RunSpec spec = state.Spec!;
        CheckpointFacts facts = state.Published.TryGetValue(state.NewestCheckpoint, out CheckpointFacts? before)
            ? before.Next(step, SampleLedger.Empty(1), null, order, PecMask.Parse(spec.Checkpoint.Mask))
            : CheckpointFacts.Whole(spec.Model, step, SampleLedger.Empty(1), null);
        var held = state.Vaults.GetValueOrDefault("node") ?? System.Collections.Immutable.ImmutableDictionary<(int Layer, int Expert), ExpertVersion>.Empty;
        for (int m = 0; m < spec.Model.MoeLayers().Count && spec.Checkpoint.KeepsSnapshots; m++)
        {
            foreach (int expert in order.Complete ? Enumerable.Range(0, spec.Model.Moe.Experts) : order.Snapshot[m])
            {
                held = held.SetItem((m, expert), new ExpertVersion(step, step));
            }
        }

        return state with { Published = state.Published.SetItem(step, facts), NewestCheckpoint = step, Vaults = state.Vaults.SetItem("node", held) };
    }
}

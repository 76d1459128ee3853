using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Node;
using MoeActors.Actors.State;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Specs;
using static TorchSharp.torch;

namespace MoeActors.Actors.Tests.Cluster;

public sealed class RoomCheckTests
{
    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.BFloat16)]
    public void A_rank_s_bytes_are_those_of_its_live_tensors_and_one_snapshot(Precision precision)
    {
        RunSpec spec = Specs.Run();
        spec = spec with { Training = spec.Training with { Precision = precision } };
        using var store = new DeviceStore(spec, TorchSharp.torch.CPU);
        store.Hold([0]);
        long bytes = Bytes(store.DenseWeights);
        foreach (UnitState unit in store.Units)
        {
            bytes += Bytes(unit.Gradient) + Bytes(unit.Optimizer.First) + Bytes(unit.Optimizer.Second);
            bytes += precision == Precision.BFloat16 ? Bytes(unit.Optimizer.Master) : 0;
            bytes += unit is ExpertUnit ? Bytes(unit.Weights) : 0;
            bytes += unit.Count * (precision == Precision.BFloat16 ? 14 : 12);
        }

        // Shards are cut at multiples of 32 elements: a rank may hold that much more than an even share of each group.
        long slack = store.Units.Count * 32 * 30;
        Assert.InRange(RoomCheck.RankBytes(spec), bytes - slack, bytes + slack);
    }

    [Theory]
    [InlineData(VaultUse.Auto, CheckpointMode.Full, false)]
    [InlineData(VaultUse.On, CheckpointMode.Full, true)]
    [InlineData(VaultUse.Auto, CheckpointMode.Partial, true)]
    [InlineData(VaultUse.Off, CheckpointMode.Partial, false)]
    public void Snapshots_that_stay_in_memory_are_counted(VaultUse vault, CheckpointMode mode, bool kept)
    {
        RunSpec plain = Specs.Run(), spec = plain with { Checkpoint = plain.Checkpoint with { Vault = vault, Mode = mode } };

        // Master, m and v of a fp32 run are its whole snapshot: one more of the same.
        long shard = RoomCheck.CheckpointBytes(spec) / spec.Layout.Ranks, more = RoomCheck.RankBytes(spec) - RoomCheck.RankBytes(plain);
        Assert.InRange(more, kept ? shard * 99 / 100 : 0, kept ? shard * 101 / 100 : 0);
    }

    [Fact]
    public void A_node_too_small_is_refused_with_both_sizes_and_the_remedy()
    {
        RunSpec spec = Specs.Run();
        RoomCheck.Memory(spec, Nodes.Of(0), 0);
        InsufficientMemoryException e = Assert.Throws<InsufficientMemoryException>(() => RoomCheck.Memory(spec, Nodes.Of(0) with { MemoryBytes = RoomCheck.RankBytes(spec) - 1 }, 0));
        Assert.Contains("one logical rank of paper needs", e.Message, StringComparison.Ordinal);
        Assert.Contains("layout.ranks", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_has_three_numbers_a_parameter_and_in_mixed_precision_the_weights_too()
    {
        RunSpec spec = Specs.Run();
        long full = RoomCheck.CheckpointBytes(spec);
        long mixed = RoomCheck.CheckpointBytes(spec with { Training = spec.Training with { Precision = Precision.BFloat16 } });
        Assert.Equal(full * 14, mixed * 12);

        // What must be in it (the manifest's own list) fits, and padding adds little.
        long listed = ExpectedState.Of(spec).Sum(t => t.Shape.Aggregate(1L, (a, b) => a * b) * 4 * t.Slots.Count);
        Assert.InRange(full, listed, listed * 1.1);
    }

    [Fact]
    public void A_disk_too_small_is_refused_before_the_start()
    {
        RunSpec spec = Specs.Run();
        RoomCheck.Disk(spec, Path.GetTempPath(), 0);
        spec = spec with { Checkpoint = spec.Checkpoint with { Keep = int.MaxValue - 1 } };
        IOException e = Assert.Throws<IOException>(() => RoomCheck.Disk(spec, Path.GetTempPath(), 0));
        Assert.Contains("checkpoint.keep", e.Message, StringComparison.Ordinal);
    }

    private static long Bytes(Tensor tensor) => tensor.numel() * (tensor.dtype == ScalarType.BFloat16 ? 2 : 4);
}

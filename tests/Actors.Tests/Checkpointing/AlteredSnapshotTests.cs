using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.State;
using MoeActors.Actors.Tests.Cluster;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;

using static TorchSharp.torch;

namespace MoeActors.Actors.Tests.Checkpointing;

/// <summary>What changes between a unit's update and its snapshot goes neither to storage nor into the vault, under a checksum that would be right (CK-1).</summary>
public sealed class AlteredSnapshotTests
{
    [Theory]
    [InlineData(true, "m")]
    [InlineData(true, "master")]
    [InlineData(true, "")]
    [InlineData(false, "m")]
    public void It_is_noticed_when_the_copy_is_made(bool integrity, string slot)
    {
        RunSpec spec = Specs.Run();
        spec = spec with { Recovery = new RecoverySpec { Integrity = integrity }, Checkpoint = spec.Checkpoint with { Vault = VaultUse.On } };
        using var store = new DeviceStore(spec, CPU);
        store.Hold([0, 1], []);
        UnitRestore.FromSeed(store);
        store.IsAt(0);
        UnitState unit = store.Units.First(u => u is ExpertUnit);
        if (slot.Length > 0)
        {
            TensorMemory.Span<float>(unit.Slot(slot))[0] += 1;
        }

        using var taken = new ManualResetEventSlim();
        UnitSnapshot? copied = null;
        using var vault = new SnapshotVault(pinned: false, snapshot =>
        {
            copied = snapshot;
            taken.Set();
        });
        vault.Begin(new SnapshotPlan(spec, CheckpointOrder.All).Take(vault, null!, unit, 0, 1));
        vault.Go();
        taken.Wait(TestContext.Current.CancellationToken);
        bool altered = integrity && slot.Length > 0;
        Assert.Equal(altered, copied!.Fault is not null);
        Assert.Equal(!altered, copied.Kept.Count > 0);
        if (altered)
        {
            Assert.Contains($"{slot} of ", copied.Fault, StringComparison.Ordinal);
        }

        copied.Release();
    }
}

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.State;
using MoeActors.Compute.Specs;

using static TorchSharp.torch;

namespace MoeActors.Actors.Tests.Checkpointing;

/// <summary>A node's live units and its vault, reserved, with a writer that finishes at once.</summary>
internal sealed class RecordedVault : IDisposable
{
    private readonly RunSpec spec;
    private readonly DeviceStore store;
    private readonly SnapshotVault vault;
    private readonly CountdownEvent copied = new(1);

    public RecordedVault(RunSpec spec, int[] ranks)
    {
        this.spec = spec;
        store = new DeviceStore(spec, CPU);
        store.Hold(ranks, []);
        vault = new SnapshotVault(pinned: false, snapshot =>
        {
            snapshot.Release();
            copied.Signal();
        });
        var said = new TaskCompletionSource<string>();
        vault.Reserve(() => SnapshotReserve.Of(spec, ranks), said.SetResult);
        Assert.Contains("are ready", said.Task.GetAwaiter().GetResult(), StringComparison.Ordinal);
    }

    /// <summary>Bytes of its buffers.</summary>
    public long Bytes => vault.Bytes;

    /// <summary>Buffers that a checkpoint had to make.</summary>
    public int Late => vault.Pool.Late;

    /// <summary>Takes a checkpoint and waits until the writer is done with it.</summary>
    public void Take(CheckpointOrder order, long step)
    {
        var plan = new SnapshotPlan(spec, order);
        copied.Reset(store.Units.Count);
        foreach (UnitState unit in store.Units)
        {
            vault.Begin(plan.Take(vault, null!, unit, step, store.Units.Count));
        }

        vault.Go();
        copied.Wait();
    }

    /// <summary>The checkpoint is published.</summary>
    public void Committed(long step) => vault.Committed(step);

    public void Dispose()
    {
        vault.Dispose();
        store.Dispose();
        copied.Dispose();
    }
}

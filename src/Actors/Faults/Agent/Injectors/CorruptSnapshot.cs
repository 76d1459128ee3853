using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Tensors;
using static TorchSharp.torch;

namespace MoeActors.Actors.Faults.Agent.Injectors;

/// <summary>A value of the newest snapshot of one of a shard's experts changes in this node's memory; nothing notices before it is to be restored.</summary>
internal sealed class CorruptSnapshot(AgentServices node) : FaultInjector(node)
{
    private SnapshotPart? damaged;
    private string? seen;

    public override string Begin(FaultOrder order)
    {
        (UnitId unit, int[] experts) = LoseSnapshot.SnapshotsOf(Node, order.Actor);
        SnapshotPart[] there = [.. experts.Select(e => Node.Node.Vault.Find(unit, e)).OfType<SnapshotPart>()];
        if (there.Length == 0)
        {
            throw new FaultRefusedException($"no snapshot of {order.Actor} is in this node's memory (checkpoint.vault)");
        }

        SnapshotPart part = there[Math.Min((int)order.Number("expert"), there.Length - 1)].Hold();
        if (part.Fault() is not null)
        {
            // Not sealed: the writer would take the wrong value to storage, under a right checksum.
            part.Release();
            throw new FaultRefusedException($"the snapshot of {order.Actor} is being written at this moment: try again");
        }

        (damaged, seen) = (part, null);
        using Tensor value = damaged.Buffer(damaged.Copied.First()).narrow(0, 0, 1);
        value.PlusInPlace(1);
        return $"a value of the snapshot of expert {damaged.Expert}, step {damaged.Version}, changes";
    }

    public override (bool Holds, string Text) Probe(FaultOrder order)
    {
        if (damaged is { } part && part.Fault() is { } fault)
        {
            seen = $"the snapshot of expert {part.Expert}, step {part.Version}: {fault}";
            damaged = null;
            part.Release();
        }

        return (seen is not null, seen ?? "its snapshot is sound");
    }
}

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Faults.Agent.Injectors;

/// <summary>Writes of this node to the checkpoints' storage fail or wait.</summary>
/// <param name="node">The node.</param>
/// <param name="fault">The fault of an order.</param>
internal sealed class StorageInjector(AgentServices node, Func<FaultOrder, StorageFault> fault) : FaultInjector(node)
{
    public override string Begin(FaultOrder order)
    {
        Node.Storage.Set(order.Id, fault(order));
        return order.Kind;
    }

    public override void End(FaultOrder order) => Node.Storage.Clear(order.Id);

    public override (bool Holds, string Text) Probe(FaultOrder order)
    {
        long hit = Node.Storage.Hits(order.Id);
        return (hit > 0, hit > 0 ? $"{hit} writes were hit" : "no checkpoint was written meanwhile");
    }
}

/// <summary>A byte in the middle of the largest file of the newest checkpoint changes in storage; what is read of it afterwards is damaged for every node.</summary>
internal sealed class CorruptShardFile(AgentServices node) : FaultInjector(node)
{
    public override string Begin(FaultOrder order)
    {
        string file = NewestCheckpointFile.LargestOf(order.RunFolder);
        Damage(file);
        return $"a byte of {Path.GetFileName(file)} changes";
    }

    /// <summary>Another byte in the middle; twice is not undone, as a bit that flips twice would be.</summary>
    internal static void Damage(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        stream.Position = stream.Length / 2;
        int old = stream.ReadByte();
        stream.Position--;
        stream.WriteByte((byte)(old + 0x10));
        stream.Flush(flushToDisk: true);
    }
}

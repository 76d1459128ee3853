using System.Globalization;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Faults.Agent.Injectors;

/// <summary>The snapshots of one of a shard's experts are gone from this node's memory; a recovery that counts on them finds nothing and takes the next rung.</summary>
internal sealed class LoseSnapshot(AgentServices node) : FaultInjector(node)
{
    private (UnitId Unit, int Expert, long Version)? lost;

    public override string Begin(FaultOrder order)
    {
        (UnitId unit, int[] experts) = SnapshotsOf(Node, order.Actor);
        if (experts.Length == 0)
        {
            throw new FaultRefusedException($"no snapshot of {order.Actor} is in this node's memory (checkpoint.vault)");
        }

        int expert = experts[Math.Min((int)order.Number("expert"), experts.Length - 1)];
        long version = Node.Node.Vault.Lose(unit, expert);
        lost = (unit, expert, version);
        return $"the snapshot of expert {expert}, step {version}, is gone";
    }

    public override (bool Holds, string Text) Probe(FaultOrder order) => lost is { } gone && !Node.Node.Vault.Has(gone.Unit, gone.Expert, gone.Version)
        ? (true, $"no snapshot of expert {gone.Expert}, step {gone.Version}, is in its memory")
        : (false, "its snapshots are there");

    /// <summary>Unit of a shard, and which of its experts this node holds snapshots of.</summary>
    internal static (UnitId Unit, int[] Experts) SnapshotsOf(AgentServices node, string shard)
    {
        RunSpec spec = node.Run.Spec ?? throw new FaultRefusedException("this node takes part in no run");
        string[] parts = shard.Split('-');
        int layer = int.Parse(parts[2], CultureInfo.InvariantCulture), rank = int.Parse(parts[3], CultureInfo.InvariantCulture);
        var unit = UnitId.Experts(spec.Model.MoeLayers()[layer], spec.Layout.PositionOf(rank), spec.Layout.GroupOf(rank));
        return (unit, [.. Enumerable.Range(0, spec.Model.Moe.Experts).Where(e => node.Node.Vault.Find(unit, e) is not null)]);
    }
}

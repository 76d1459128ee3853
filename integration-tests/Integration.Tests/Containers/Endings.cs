using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Integration.Tests.Containers;

/// <summary>How disturbed runs have to end.</summary>
internal static class Endings
{
    /// <summary>
    /// RC-1, DA-1: as if nothing had happened to <paramref name="node"/>. The report names it and nobody else; a new process of it took the lost one's
    /// place, and the others kept theirs.
    /// </summary>
    public static void CameBack(this RunRecord record, ContainerNode node, ContainerEngine engine)
    {
        record.EndsLike(engine.Undisturbed);
        record.EverySampleContributedOnce(ContainerEngine.Steps);
        record.Names([node]);
        Assert.Equal(2, record.Incarnations(node.Name));
        Assert.All(record.Epochs[0].Nodes.Where(n => n.Name != node.Name), n => Assert.Equal(1, record.Incarnations(n.Name)));
        Assert.Equal(record.Epochs[0].Nodes.Select(n => n.Name).Order(), record.Epochs[^1].Nodes.Select(n => n.Name).Order());
    }

    /// <summary>The report names the loss of each of <paramref name="nodes"/>, and nothing else but connections that broke to them.</summary>
    public static void Names(this RunRecord record, IEnumerable<ContainerNode> nodes)
    {
        string[] names = [.. nodes.Select(n => n.Name)];
        Assert.Equal(names.Order(), record.Report.Faults.Where(f => f.Kind == "node-lost").Select(f => f.Target).Order());
        Assert.All(record.Report.Faults.Where(f => f.Kind != "node-lost"), f =>
        {
            Assert.EndsWith("/exchange", f.Target, StringComparison.Ordinal);
            Assert.Contains(names, n => f.Reason!.Contains(n, StringComparison.Ordinal) || f.Target.StartsWith($"{n}/", StringComparison.Ordinal));
        });
    }

    /// <summary>Processes of a node that took part.</summary>
    public static int Incarnations(this RunRecord record, string node) =>
        record.Epochs.SelectMany(e => e.Nodes).Where(n => n.Name == node).Select(n => n.Incarnation).Distinct().Count();
}

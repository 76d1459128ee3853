using System.Collections.Immutable;

using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.Cluster;

public sealed class AdmissionTests
{
    private static readonly CoordinatorState WithOne = new()
    {
        Members = ImmutableSortedDictionary<string, NodeIdentity>.Empty.Add(Nodes.Of(0).Incarnation, Nodes.Of(0)),
    };

    [Fact]
    public void A_node_of_the_same_build_on_the_same_machine_may_take_part() =>
        Assert.Null(Admission.Check(Nodes.Of(1), WithOne, severalMachinesAllowed: false));

    [Fact]
    public void Another_protocol_is_refused_with_both_numbers_and_the_remedy() => Assert.Equal(
        $"node-2 speaks protocol 99, this cluster {ProtocolVersion.Current}: install the same version on every node",
        Admission.Check(Nodes.Of(1) with { Protocol = 99 }, WithOne, false));

    [Theory]
    [InlineData("0123456789abcdef")]
    [InlineData("x")]
    [InlineData("")]
    public void Another_build_is_refused_whatever_it_calls_itself(string build)
    {
        string? refusal = Admission.Check(Nodes.Of(1) with { Build = build }, WithOne, false);
        Assert.Contains("node-2 runs another build", refusal, StringComparison.Ordinal);
        Assert.Contains("install the same build on every node", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void While_builds_may_be_mixed_another_build_may_take_part_and_another_protocol_may_not()
    {
        Assert.Null(Admission.Check(Nodes.Of(1) with { Build = "x" }, WithOne, false, mixedBuilds: true));
        Assert.NotNull(Admission.Check(Nodes.Of(1) with { Protocol = 99 }, WithOne, false, mixedBuilds: true));
    }

    [Fact]
    public void A_node_that_would_look_for_the_journal_elsewhere_is_refused_with_both_places_and_the_remedy()
    {
        // Also the first that says hello, while the coordinator knows of nobody.
        NodeIdentity here = Nodes.Of(0) with { Journal = "/a/journal.db" };
        Assert.Null(Admission.Check(Nodes.Of(1) with { Journal = "/a/journal.db" }, new CoordinatorState(), false, coordinator: here));
        Assert.Null(Admission.Check(Nodes.Of(1) with { Journal = "postgresql", Host = "other" }, new CoordinatorState(), true, coordinator: here));
        Assert.Equal(
            "node-2 has its journal in /b/journal.db, the coordinator's node node-1 in /a/journal.db: any node may become the coordinator's and must find the same; give the nodes of one machine the same --data-dir and persistence settings",
            Admission.Check(Nodes.Of(1) with { Journal = "/b/journal.db" }, new CoordinatorState(), false, coordinator: here));
    }

    [Fact]
    public void A_second_machine_needs_a_journal_that_both_can_reach()
    {
        NodeIdentity elsewhere = Nodes.Of(1) with { Host = "other" };
        Assert.Contains("postgresql", Admission.Check(elsewhere, WithOne, severalMachinesAllowed: false), StringComparison.Ordinal);
        Assert.Null(Admission.Check(elsewhere, WithOne, severalMachinesAllowed: true));
    }
}

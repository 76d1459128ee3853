using CsCheck;

using MoeActors.Actors.Diagnostics;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Faults;

public sealed class KillPointTests
{
    [Fact]
    public void A_point_is_node_step_and_phase() => Assert.Equal(new KillPoint("node-1", 0, 7, Phase.Update, 1), KillPoint.Parse("node-1:7:update"));

    [Fact]
    public void Occurrence_incarnation_and_any_step_can_be_named()
    {
        Assert.Equal(new KillPoint("node-1", 0, 7, Phase.Update, 2), KillPoint.Parse("node-1:7:update:2"));
        Assert.Equal(new KillPoint("node-1", 1, -1, Phase.Recovery, 1), KillPoint.Parse("node-1/1:*:recovery"));
    }

    [Theory]
    [InlineData("node-1")]
    [InlineData("node-1:7")]
    [InlineData("node-1:7:lunch")]
    [InlineData("node-1:7:99")]
    [InlineData("node-1:x:update")]
    [InlineData("node-1/x:7:update")]
    [InlineData("node-1:7:update:x")]
    [InlineData("node-1:7:update:0")]
    [InlineData("node-1:-7:update")]
    [InlineData("node-1:7:update:1:1")]
    [InlineData(":7:update")]
    [InlineData("node-1:99999999999999999999:update")]
    public void Anything_else_is_refused_in_one_sentence(string text)
    {
        SpecException e = Assert.Throws<SpecException>(() => KillPoint.Parse(text));
        Assert.Contains($"'{text}': expected NODE[/START]:STEP:PHASE[:OCCURRENCE]", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_text_throws_anything_else() => Gen.String[Gen.Char["node-1/:*7update"], 0, 24].Sample(text =>
    {
        try
        {
            KillPoint.Parse(text);
        }
        catch (SpecException)
        {
        }
    });

    [Fact]
    public void A_plan_hits_its_own_process_at_its_step_and_occurrence_only_once()
    {
        KillPoint[] points = [new("node-1", 1, 7, Phase.Dispatch, 2)];
        var plan = new KillPlan(points, "node-1", 1);
        Assert.False(plan.Hits(Phase.Dispatch, 6));
        Assert.False(plan.Hits(Phase.Forward, 7));
        Assert.False(plan.Hits(Phase.Dispatch, 7));
        Assert.True(plan.Hits(Phase.Dispatch, 7));
        Assert.False(plan.Hits(Phase.Dispatch, 7));
    }

    [Theory]
    [InlineData("node-2", 1)]
    [InlineData("node-1", 0)]
    public void A_plan_spares_other_nodes_and_other_processes_of_the_node(string node, int incarnation)
    {
        var plan = new KillPlan([new("node-1", 1, -1, Phase.Dispatch, 1)], node, incarnation);
        Assert.False(plan.Hits(Phase.Dispatch, 7));
        Assert.False(KillPlan.None.Hits(Phase.Dispatch, 7));
    }

    [Fact]
    public void A_point_for_any_step_counts_over_all_steps()
    {
        var plan = new KillPlan([new("node-1", 0, -1, Phase.Commit, 3)], "node-1", 0);
        Assert.Equal([false, false, true, false], new[] { 1L, 2, 3, 4 }.Select(s => plan.Hits(Phase.Commit, s)));
    }
}

using MoeActors.Actors.Protocol;
using MoeActors.Host.Http;

namespace MoeActors.Host.Tests.Http;

public class NodeHealthTests
{
    [Theory]
    [InlineData("running", 0.5, "ok")]
    [InlineData("idle", 1.0, "ok")]
    [InlineData("recovering", 14.0, "ok")]
    [InlineData("completed", 1.0, "ok")]
    [InlineData("running", 40.0, "no coordinator has answered this node for 40 s")]
    [InlineData("failed", 1.0, "the run has failed: the node's log and the report say why")]
    [InlineData("starting", null, "starting: no coordinator has answered this node yet")]
    public void A_node_is_well_while_its_coordinator_answers_and_its_run_has_not_failed(string state, double? seconds, string expected) =>
        Assert.Equal(expected, NodeHealth.Of(state, seconds is { } s ? TimeSpan.FromSeconds(s) : null));

    [Theory]
    [InlineData("idle", 0, "", "idle")]
    [InlineData("gathering", 0, "", "starting")]
    [InlineData("preparing", 1, "", "starting")]
    [InlineData("preparing", 2, "", "recovering")]
    [InlineData("saving", 1, "", "running")]
    [InlineData("finishing", 3, "", "stopping")]
    [InlineData("ended", 3, "failed: poison: expert-shard-1-2", "failed")]
    [InlineData("ended", 3, "completed", "completed")]
    public void The_state_is_a_word_for_what_the_coordinator_does(string phase, int epoch, string outcome, string expected) =>
        Assert.Equal(expected, RunStates.Of(new RunStatus(phase, "r", "", epoch, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, outcome, 0, [], [], double.NaN)));
}

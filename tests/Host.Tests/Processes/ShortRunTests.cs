using MoeActors.Host.Commands;
using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Host.Tests.Processes;

/// <summary>The whole program once, on one node, where everything else of this tier runs in the process of the tests.</summary>
public sealed class ShortRunTests
{
    [Fact]
    public async Task A_run_on_one_node_ends_with_a_report_and_leaves_nothing_running()
    {
        await using var world = new World();
        MoeProcess train = world.Start(world.Train(3, "nodes=1"));
        Assert.True((await train.EndedAsync()).Code == ExitCodes.Ok, train.Transcript);
        world.NothingIsLeft();
        var run = new RunRecord(world.Run);
        Assert.Equal("completed", run.Report.Totals.Outcome);
        run.EverySampleContributedOnce(3);
    }
}

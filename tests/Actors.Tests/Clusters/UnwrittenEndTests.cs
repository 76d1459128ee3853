using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>Found by the simulation: the end of a run is durable in the journal before it is in the report; a coordinator may die in between.</summary>
public sealed class UnwrittenEndTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_next_coordinator_writes_the_end_where_it_is_not_written_yet(bool isWritten)
    {
        using var folder = new TemporaryFolder();
        await using (var cluster = new TestCluster(folder.Path))
        {
            await cluster.AddNodesAsync(1);
            Assert.Equal("completed", await cluster.TrainAsync(TestRuns.Spec(folder.Path, steps: 1)));
        }

        await using var next = new TestCluster(folder.Path);
        next.Run.IsEnded = isWritten;
        await next.AddNodesAsync(1);

        // The coordinator answers once it is in office, and that is after it has looked.
        Assert.Equal("completed", (await next.AskAsync<RunStatus>(new StatusQuery(0))).Outcome);
        Assert.Equal(!isWritten, next.Run.Ended.IsCompleted);
    }
}

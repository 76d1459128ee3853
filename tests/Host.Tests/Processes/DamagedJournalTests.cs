using MoeActors.Host.Commands;
using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Host.Tests.Processes;

/// <summary>What no new process would do better is not tried again and again.</summary>
[Collection(ProcessCollection.Name)]
public sealed class DamagedJournalTests : IAsyncLifetime
{
    private readonly World world = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => world.DisposeAsync();

    [Fact]
    public async Task A_damaged_journal_ends_the_run_at_once_with_what_to_do()
    {
        Directory.CreateDirectory(world.Run);
        await File.WriteAllTextAsync(Path.Combine(world.Run, "journal.db"), new string('x', 8192), TestContext.Current.CancellationToken);
        Ended ended = await world.RunAsync(world.Train(1, "nodes=1"));
        Assert.Equal(ExitCodes.Resources, ended.Code);
        Assert.Contains("journal.db", ended.Error, StringComparison.Ordinal);
        Assert.Contains("move the journal away", ended.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("start 2 of it", ended.Output + ended.Error, StringComparison.Ordinal);
    }
}

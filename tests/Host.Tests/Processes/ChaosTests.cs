using System.Text.Json;

using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Host.Tests.Processes;

/// <summary>Whole campaigns on real processes: every fault takes, and the run ends like the undisturbed one.</summary>
[Collection(ProcessCollection.Name)]
public sealed class ChaosTests
{
    [Fact]
    [Trait("Tier", "integration")]
    public Task A_small_campaign_leaves_no_trace_in_the_result() => PassesAsync(1, """
        run.steps = 80
        script = [
          "5 kill-process node-2",
          "20 crash-shard expert-shard-0-1",
          "35 kill-process coordinator",
          "50 link-drop node-1>node-3 for=5s probability=0.2"
        ]
        """);

    [Fact]
    [Trait("Tier", "integration")]
    public Task Copies_that_are_resumed_beside_the_run_end_like_it_and_leave_it_alone() => PassesAsync(1, """
        run.steps = 80
        run.nodes = 2
        copies = [25]
        script = [
          "35 kill-process coordinator"
        ]
        """);

    [Theory]
    [Trait("Tier", "soak")]
    [MemberData(nameof(Seeds))]
    public Task Random_campaigns_leave_no_trace_in_the_result(int seed) => PassesAsync(seed, """
        run.steps = 400
        faults {
          count = 10
          mean-steps = 30
          kinds = [
            "kill-process", "crash-rank", "crash-shard", "kernel-exception", "hang-handler for=500ms", "crash-writer", "crash-coordinator", "kill-at-phase for=5s phase=backward",
            "stop-process for=500ms", "slow-process for=1s", "link-drop for=5s probability=0.1", "link-duplicate for=5s probability=0.1", "link-reorder for=5s probability=0.1",
            "link-delay for=1s", "link-bandwidth for=1s kib=2048", "partition for=1s"
          ]
        }
        limits.max-active = 1
        """);

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(1, 20)];

    private static async Task PassesAsync(int seed, string campaign)
    {
        await using var world = new World();
        string file = world.File("campaign.conf"), folder = world.File("chaos");
        await File.WriteAllTextAsync(
            file,
            $"run.settings = [\"checkpoint.interval=10\", \"data.paths={world.Text}\", \"reports.picture=off\", \"generation.tokens=8\", \"evaluation.final-max-sequences=4\", \"supervision.restart-budget=50\", \"supervision.backoff-max=200 ms\"]\n{campaign}",
            TestContext.Current.CancellationToken);
        MoeProcess run = world.Start("chaos", "run", file, "--seed", $"{seed}", "--run-dir", folder, "--json");
        Ended ended = await run.EndedAsync();
        Assert.True(ended.Code == 0, run.Transcript);
        using JsonDocument result = JsonDocument.Parse(ended.Output);
        Assert.True(result.RootElement.GetProperty("same").GetBoolean());
        world.NothingIsLeft("chaos", "campaign.conf");
    }
}

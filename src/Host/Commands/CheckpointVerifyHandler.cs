using System.Text.Json;
using MoeActors.Compute.Checkpoints;

namespace MoeActors.Host.Commands;

/// <summary>moe checkpoint verify.</summary>
internal sealed class CheckpointVerifyHandler(TextWriter output) : IHandler<CheckpointRequest>
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(CheckpointRequest request, CancellationToken cancel)
    {
        var store = new CheckpointStore(RunFolder.Checkpoints(request.RunDirectory));
        long[] steps = request.Step is { } step ? [step] : [.. Steps(store.List())];
        if (steps.Length == 0)
        {
            throw new CommandException(ExitCodes.Checkpoint, $"{request.RunDirectory}: holds no checkpoint to verify");
        }

        var results = new List<Result>();
        foreach (long s in steps)
        {
            IReadOnlyList<CheckpointProblem> problems = await Task.Factory.StartNew(
                () => store.Verify(s, cancel), cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            results.Add(new Result(s, problems.Count == 0, problems));
            if (!request.Json)
            {
                output.WriteLine(problems.Count == 0 ? $"step {s}: sound" : $"step {s}: {problems.Count} {(problems.Count == 1 ? "problem" : "problems")}");
                foreach (CheckpointProblem problem in problems)
                {
                    output.WriteLine($"  {problem.Message}");
                }
            }
        }

        if (request.Json)
        {
            output.WriteLine(JsonSerializer.Serialize(results, JsonOutput.Options));
        }

        return results.All(r => r.Sound) ? ExitCodes.Ok : ExitCodes.Checkpoint;
    }

    private static IEnumerable<long> Steps(CheckpointListing listing) =>
        listing.Valid.Select(m => m.Step).Concat(listing.Broken.Select(b => b.Step)).Distinct().OrderDescending();

    private sealed record Result(long Step, bool Sound, IReadOnlyList<CheckpointProblem> Problems);
}

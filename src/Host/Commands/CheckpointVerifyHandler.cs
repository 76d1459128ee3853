using System.Text.Json;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Retention;

namespace MoeActors.Host.Commands;

/// <summary>moe checkpoint verify.</summary>
internal sealed class CheckpointVerifyHandler(TextWriter output) : IHandler<CheckpointRequest>
{
    /// <inheritdoc/>
    public Task<int> RunAsync(CheckpointRequest request, CancellationToken cancel) => Task.Factory.StartNew(
        () => RunFolder.WithStore(request.Run, writes: false, store => Run(request, store, cancel)), cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private int Run(CheckpointRequest request, CheckpointStore store, CancellationToken cancel)
    {
        long[] steps = request.Step is { } step ? [step] : [.. Steps(store.List())];
        if (steps.Length == 0)
        {
            throw new CommandException(ExitCodes.Checkpoint, $"{request.Run.Directory}: holds no checkpoint to verify");
        }

        var results = new List<Result>();
        foreach (long s in steps)
        {
            IReadOnlyList<CheckpointProblem> problems = store.Verify(s, cancel);
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

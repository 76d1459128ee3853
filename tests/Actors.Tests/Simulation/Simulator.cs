using System.Collections.Concurrent;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>How one schedule went.</summary>
/// <param name="Seed">Replays it.</param>
/// <param name="Problem">The invariant that does not hold; null when all do.</param>
/// <param name="Outcome">How the run ended.</param>
/// <param name="Events">Events simulated.</param>
/// <param name="Epochs">Epochs begun.</param>
/// <param name="FromMemory">Of those, in exact mode, begun where the run was: from what the nodes hold in memory.</param>
/// <param name="Faults">Faults of the schedule.</param>
internal sealed record SimResult(int Seed, string? Problem, string Outcome, long Events, int Epochs, int FromMemory, IReadOnlyList<SimFault> Faults)
{
    /// <summary>The problem, the faults that led to it, and the command that shows how.</summary>
    public override string ToString() =>
        $"seed {Seed}: {Problem ?? Outcome} [{string.Join(", ", Faults.Select(f => $"{f.Kind}@{f.AtEvent}"))}]; its trace: eng/simulate.sh --seed {Seed}";
}

/// <summary>Runs schedules.</summary>
internal static class Simulator
{
    private static readonly ParallelOptions AllCores = new() { MaxDegreeOfParallelism = Environment.ProcessorCount };

    /// <summary>Runs the schedule of one seed, or others on the cluster of that seed.</summary>
    public static SimResult Run(int seed, SimSeams? seams = null, SimTrace? trace = null, IReadOnlyList<SimFault>? faults = null, SimSetup? setup = null)
    {
        faults ??= SimSchedule.Of(seed);
        var world = new SimWorld(seed, setup ?? SimSetup.Of(seed), seams ?? new SimSeams(), faults, trace);
        string? problem = null;
        try
        {
            world.Run();
            problem = IsExpected(world.Oracle.Outcome, faults, world.Setup) ? null : $"outcome: {world.Oracle.Outcome ?? "none"}";
        }
        catch (SimViolation e)
        {
            problem = e.Message;
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or KeyNotFoundException or NullReferenceException or MoeActors.Compute.Checkpoints.Format.CheckpointException or IOException)
        {
            // A guard of the product spoke, or its code failed: either way not what a run may end with.
            problem = $"{e.GetType().Name}: {e.Message} {e.StackTrace?.Split('\n').FirstOrDefault(l => l.Contains("MoeActors", StringComparison.Ordinal))?.Trim()}";
        }

        trace?.Add(world.Clock.Now, "END", problem ?? world.Oracle.Outcome ?? "");
        return new SimResult(seed, problem, world.Oracle.Outcome ?? "", world.Clock.Events, world.Oracle.Epochs, world.Oracle.FromMemory, faults);
    }

    /// <summary>Runs <paramref name="count"/> schedules from <paramref name="first"/> on, on all cores.</summary>
    public static IReadOnlyList<SimResult> Run(int first, int count)
    {
        var results = new ConcurrentBag<SimResult>();
        Parallel.For(first, first + count, AllCores, seed => results.Add(Run(seed)));
        return [.. results.OrderBy(r => r.Seed)];
    }

    /// <summary>The first of <paramref name="count"/> schedules that breaks an invariant; null when none does.</summary>
    public static SimResult? FirstProblem(int first, int count, Func<SimSeams> seams) => FirstProblem(first, count, seed => Run(seed, seams()));

    /// <summary>The first of <paramref name="count"/> seeds whose <paramref name="run"/> breaks an invariant; null when none does.</summary>
    public static SimResult? FirstProblem(int first, int count, Func<int, SimResult> run)
    {
        var problems = new ConcurrentBag<SimResult>();
        Parallel.For(first, first + count, AllCores, (seed, loop) =>
        {
            SimResult result = run(seed);
            if (result.Problem is not null)
            {
                problems.Add(result);
                loop.Break();
            }
        });
        return problems.MinBy(r => r.Seed);
    }

    // What a user is told to expect: a run ends early where nothing can be written or read any more, or where failures follow each other without progress.
    private static bool IsExpected(string? outcome, IReadOnlyList<SimFault> faults, SimSetup setup) => outcome == "completed"
        || (faults.Any(f => f.Kind == SimFaultKind.CorruptFile) && outcome?.Contains("can be restored any more", StringComparison.Ordinal) == true)
        || (faults.Any(f => f.Kind == SimFaultKind.CrashWriter) && !setup.Spec.IsExact && outcome?.StartsWith("failed: the last checkpoint could not be written", StringComparison.Ordinal) == true)
        || (faults.Any(f => f.Kind == SimFaultKind.DiskFull)
            && (outcome?.StartsWith("failed: the last checkpoint could not be written", StringComparison.Ordinal) == true
                || outcome?.Contains("failure without a step between", StringComparison.Ordinal) == true
                || outcome?.StartsWith("failed: the coordinator cannot take the run over", StringComparison.Ordinal) == true));
}

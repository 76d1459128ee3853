using System.IO.Hashing;
using System.Text;
using System.Text.Json;

namespace MoeActors.Compute.Specs;

/// <summary>The lineage of a run: what must be the same for its checkpoints to be gone on with.</summary>
public static class Lineage
{
    /// <summary>
    /// Hash of id, model, layout, training, data and the weights it begins with; nodes, intervals, recovery and paths left out. More steps alone change nothing: each step of a run that was made longer is what it would have
    /// been. Another learning-rate schedule from there on does.
    /// </summary>
    public static string Of(RunSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        RunExtension[] changes = [.. Changes(spec)];
        return Of(spec, changes.Length, changes);
    }

    /// <summary>The lineages the run had before its learning-rate schedule was changed, oldest first: checkpoints of them are gone on with.</summary>
    public static IReadOnlyList<string> Earlier(RunSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        RunExtension[] changes = [.. Changes(spec)];
        return [.. Enumerable.Range(0, changes.Length).Select(n => Of(spec, n, changes))];
    }

    /// <summary>What of the training section a run that is made longer may change.</summary>
    private static (double Peak, double Least, int Warmup, int Steps) Schedule(TrainingSpec training) =>
        (training.LearningRate, training.MinLearningRate, training.WarmupSteps, training.ScheduleSteps ?? training.Steps);

    /// <summary>Extensions that changed the schedule, as they were: by whom and when is no part of the lineage, and neither is how long the run was.</summary>
    private static IEnumerable<RunExtension> Changes(RunSpec spec)
    {
        IReadOnlyList<RunExtension> all = spec.Extensions ?? [];
        for (int i = 0; i < all.Count; i++)
        {
            TrainingSpec after = i + 1 < all.Count ? all[i + 1].Before : spec.Training;
            if (Schedule(after) != Schedule(all[i].Before))
            {
                yield return all[i] with { From = 0, To = 0, At = default, By = "", Before = after with { Steps = 0, ScheduleSteps = after.ScheduleSteps ?? after.Steps } };
            }
        }
    }

    private static string Of(RunSpec spec, int changes, RunExtension[] all)
    {
        RunSpec bare = spec with
        {
            Nodes = 1,
            Checkpoint = new CheckpointSpec(),
            Evaluation = new EvaluationSpec(),
            Recovery = null,
            Data = spec.Data with { Paths = [], TokenizerMoved = null },
            Origin = spec.Origin is null ? null : spec.Origin with { Folder = "" },
            Training = spec.Extensions is [var first, ..] ? first.Before : spec.Training,
            Extensions = changes == 0 ? null : all[..changes],
        };
        return Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes(bare.ToJson())));
    }

    /// <summary>Hash of a model's shape alone.</summary>
    public static string OfModel(ModelSpec model) =>
        Convert.ToHexStringLower(XxHash128.Hash(JsonSerializer.SerializeToUtf8Bytes(model, SpecEncoding.Model)));
}

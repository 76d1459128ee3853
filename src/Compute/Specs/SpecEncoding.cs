using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace MoeActors.Compute.Specs;

/// <summary>
/// The canonical encoding of specs, version 1: what a run's record holds, and what lineages and hashes of models are made of. Members that the first records had are always written, in their order; a member that
/// came later is written after them, by name, and only where it is not its default. So a new setting changes neither a record, nor a lineage, nor a model's hash, unless somebody uses it.
/// Only a change of meaning needs another version.
/// </summary>
internal static class SpecEncoding
{
    /// <summary>Members of the first records, in their order. This list never changes.</summary>
    private static readonly Dictionary<Type, string[]> First = new()
    {
        [typeof(RunSpec)] = ["RunId", "Model", "Layout", "Training", "Data", "Checkpoint", "Evaluation", "Recovery", "Origin", "Extensions", "Nodes"],
        [typeof(ModelSpec)] =
            ["Name", "Style", "Vocabulary", "Context", "Layers", "Hidden", "Heads", "KvHeads", "FeedForward", "TiedEmbedding", "NormEpsilon", "RopeTheta", "InitStd", "Moe"],
        [typeof(MoeSpec)] =
            ["Experts", "TopK", "ExpertHidden", "Every", "First", "GateOrder", "NormalizeTopK", "NoisyGate", "CapacityFactor", "SharedExperts", "BalanceLoss", "RouterZLoss"],
        [typeof(LogicalLayout)] = ["Ranks", "ExpertParallel", "ThreadsPerRank", "ChunkRows", "Groups"],
        [typeof(TrainingSpec)] =
        [
            "Steps", "ScheduleSteps", "GlobalBatch", "MicroBatches", "LearningRate", "MinLearningRate", "WarmupSteps", "Beta1", "Beta2", "Epsilon", "WeightDecay", "ClipNorm", "Seed", "Precision", "Matmul",
            "NonFinite",
        ],
        [typeof(NonFinitePolicy)] = ["StopAfter"],
        [typeof(DataSpec)] = ["Paths", "Tokenizer", "Binary", "TokenizerMoved", "ValidationShare", "CorpusHash", "TokenizerHash"],
        [typeof(CheckpointSpec)] =
        [
            "Mode", "Sharding", "Mask", "KSnapshot", "KPersist", "Selection", "PltBudget", "DynamicK", "Vault", "Asynchronous", "CompleteEvery", "Adaptive", "Chosen", "MtbfMs", "Interval", "Keep", "KeepEvery",
            "Location",
        ],
        [typeof(EvaluationSpec)] = ["Interval", "MaxSequences", "FinalMaxSequences"],
        [typeof(RecoverySpec)] = ["Mode", "Copies", "Integrity", "StepDeadline", "StepDeadlineLeast", "StepDeadlineFirst", "StragglerRatio", "Stragglers"],
        [typeof(RunOrigin)] = ["RunId", "Step", "WeightsHash", "Folder"],
        [typeof(RunExtension)] = ["After", "From", "To", "At", "By", "Before"],
    };

    /// <summary>How a run's record is written: for people, too.</summary>
    public static JsonSerializerOptions Record { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { Arrange } },
    };

    /// <summary>How a model is written to be hashed.</summary>
    public static JsonSerializerOptions Model { get; } = new() { TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { Arrange } } };

    /// <summary>Members that the first records of <paramref name="type"/> had.</summary>
    internal static IReadOnlyList<string> FirstOf(Type type) => First.GetValueOrDefault(type, []);

    /// <summary>Puts the members of a type in order, those named <paramref name="first"/> before all others, and leaves the others out at their defaults.</summary>
    internal static void Arrange(JsonTypeInfo type, string[] first)
    {
        JsonPropertyInfo[] members = [.. type.Properties];
        JsonPropertyInfo[] later = [.. members.Where(m => !first.Contains(NameOf(m))).OrderBy(NameOf, StringComparer.Ordinal)];
        object? fresh = later.Length > 0 && type.Type.GetConstructor(Type.EmptyTypes) is { } make ? make.Invoke(null) : null;
        foreach (JsonPropertyInfo member in later.Where(m => m.Get is not null && !m.IsRequired))
        {
            // What is computed from other members is not written; what is set is, unless it says what nobody said.
            object? usual = fresh is null ? null : member.Get!(fresh);
            bool set = member.Set is not null;
            member.ShouldSerialize = (_, value) => set && !Same(value, usual, member.PropertyType, type.Options);
        }

        type.Properties.Clear();
        foreach (JsonPropertyInfo member in members.Where(m => first.Contains(NameOf(m))).OrderBy(m => Array.IndexOf(first, NameOf(m))).Concat(later))
        {
            type.Properties.Add(member);
        }
    }

    private static void Arrange(JsonTypeInfo type)
    {
        if (type.Kind == JsonTypeInfoKind.Object && type.Type.Namespace == typeof(SpecEncoding).Namespace)
        {
            Arrange(type, First.GetValueOrDefault(type.Type, []));
        }
    }

    // Lists are alike by what is in them.
    private static bool Same(object? value, object? usual, Type type, JsonSerializerOptions options) =>
        Equals(value, usual) || (value is not null && usual is not null && JsonSerializer.Serialize(value, type, options) == JsonSerializer.Serialize(usual, type, options));

    private static string NameOf(JsonPropertyInfo member) => (member.AttributeProvider as MemberInfo)?.Name ?? member.Name;
}

using System.Text.Json.Serialization;

using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Checkpoints.Format;

/// <summary>What a checkpoint must belong to before it is restored into a run.</summary>
/// <param name="RunId">Id of the run.</param>
/// <param name="Lineage">Hash of the run's record.</param>
/// <param name="ModelHash">Hash of the model's specification.</param>
/// <param name="TokenizerHash">Hash of the tokenizer.</param>
/// <param name="CorpusHash">Hash of the corpus.</param>
public sealed record RunIdentity(string RunId, string Lineage, string ModelHash, string TokenizerHash, string CorpusHash)
{
    /// <summary>Lineages the run had before: checkpoints of them are its own too. No part of what is written.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Earlier { get; init; } = [];

    /// <summary>Whose checkpoints those of <paramref name="spec"/> are.</summary>
    public static RunIdentity Of(RunSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return new(spec.RunId, Specs.Lineage.Of(spec), Specs.Lineage.OfModel(spec.Model), spec.Data.TokenizerHash, spec.Data.CorpusHash) { Earlier = Specs.Lineage.Earlier(spec) };
    }

    /// <summary>First difference as (what, expected, found); null when equal. The model comes first: it is what people mix up.</summary>
    public (string What, string Expected, string Found)? Difference(RunIdentity found)
    {
        (string What, string Expected, string Found)[] parts =
        [
            ("model", ModelHash, found.ModelHash),
            ("run", RunId, found.RunId),
            ("tokenizer", TokenizerHash, found.TokenizerHash),
            ("corpus", CorpusHash, found.CorpusHash),
            ("run record (lineage)", Lineage, found.Lineage),
        ];
        foreach ((string what, string expected, string actual) in parts)
        {
            if (expected != actual && !(actual == found.Lineage && Earlier.Contains(actual)))
            {
                return (what, expected, actual);
            }
        }

        return null;
    }
}

using System.Text.Json.Serialization;

namespace MoeActors.Compute.Specs;

/// <summary>What the run trains on.</summary>
public sealed record DataSpec
{
    /// <summary>Files, folders or globs, absolute, in order.</summary>
    public required IReadOnlyList<string> Paths { get; init; }

    /// <summary>"bytes" or the folder of a BPE tokenizer (vocab.json + merges.txt), absolute.</summary>
    public string Tokenizer { get; init; } = "bytes";

    /// <summary>Files of any contents are data, not only text.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Binary { get; init; }

    /// <summary>Where the tokenizer's folder lies by now, absolute; null = where <see cref="Tokenizer"/> says, which is part of the lineage and stays. No part of the lineage.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TokenizerMoved { get; init; }

    /// <summary>"bytes" or the folder the tokenizer is read from.</summary>
    [JsonIgnore]
    public string TokenizerPlace => TokenizerMoved ?? Tokenizer;

    /// <summary>Share of the text, at its end, kept for validation.</summary>
    public double ValidationShare { get; init; } = 0.1;

    /// <summary>Hash of the resolved files' names, sizes and contents; checked on every node that joins. Empty until resolved.</summary>
    public string CorpusHash { get; init; } = "";

    /// <summary>Hash of the tokenizer; checked on every node that joins. Empty until resolved.</summary>
    public string TokenizerHash { get; init; } = "";
}

namespace MoeActors.Compute.Data;

/// <summary>Which files count as data.</summary>
/// <param name="Binary">Files of any contents are data, not only text (data.binary).</param>
/// <param name="Outputs">Run folders and tokenizers below a folder are data, too.</param>
/// <param name="Refuses">What is named itself and can be no data is refused; else it is taken.</param>
/// <param name="Zeros">Only a zero byte tells that a file is no text.</param>
internal sealed record CorpusRules(bool Binary, bool Outputs = false, bool Refuses = true, bool Zeros = false)
{
    /// <summary>Those by which runs were begun before folders were looked through for more than zero bytes: what such a run's record holds is still found by them.</summary>
    public static CorpusRules Earlier { get; } = new(Binary: false, Outputs: true, Refuses: false, Zeros: true);
}

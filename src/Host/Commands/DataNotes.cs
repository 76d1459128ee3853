using MoeActors.Compute.Data;

namespace MoeActors.Host.Commands;

/// <summary>What a user is told of the data before anything starts.</summary>
internal static class DataNotes
{
    private const int Named = 3;

    /// <summary>Says which outputs of earlier runs lie below the data and are left out.</summary>
    public static void Write(IReadOnlyList<string> data, TextWriter error)
    {
        if (Sentence(CorpusFiles.LeftOut(data)) is { } sentence)
        {
            Failures.Print(sentence, error);
        }
    }

    /// <summary>PURE: the sentence for what was left out; null where nothing was.</summary>
    public static string? Sentence(IReadOnlyList<string> leftOut) => leftOut.Count == 0 ? null
        : $"note: left out of the data, as run folders and tokenizers are no text: {string.Join(", ", leftOut.Take(Named))}{(leftOut.Count > Named ? $" and {leftOut.Count - Named} more" : "")}";
}

namespace MoeActors.Compute.Data;

/// <summary>What the project itself writes, told by the names in a folder: it is never text to train on.</summary>
internal static class OwnOutputs
{
    private static readonly string[] RunFiles = ["run.json", "node.conf", "steps.jsonl", "events.jsonl", "journal.db", "report.json", "flight", "sockets", "checkpoints"];

    /// <summary>PURE: whether a folder with these names in it is that of a run, or of nodes: it has the lock of one, or two things that else none has together.</summary>
    public static bool IsRunFolder(IReadOnlyCollection<string> names) => names.Contains("supervisor.lock") || names.Contains("run.lock") || RunFiles.Count(names.Contains) >= 2;

    /// <summary>PURE: whether <paramref name="name"/>, in a folder with these names, is a file of a tokenizer.</summary>
    public static bool IsTokenizer(IReadOnlyCollection<string> names, string name) =>
        name is BpeVocabulary.TokensFile or BpeVocabulary.MergesFile && names.Contains(BpeVocabulary.TokensFile) && names.Contains(BpeVocabulary.MergesFile);

    /// <summary>Whether <paramref name="folder"/> is that of a run.</summary>
    public static bool IsRunFolder(string folder)
    {
        try
        {
            return IsRunFolder([.. new DirectoryInfo(folder).EnumerateFileSystemInfos().Select(e => e.Name)]);
        }
        catch (Exception e) when (CorpusException.IsFileError(e))
        {
            throw CorpusException.Unreadable(folder, e);
        }
    }
}

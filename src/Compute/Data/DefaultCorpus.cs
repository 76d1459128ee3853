namespace MoeActors.Compute.Data;

/// <summary>The corpus of a run without data of its own: this project's source and documentation, real text that is present on every clone.</summary>
public static class DefaultCorpus
{
    /// <summary>The project's folders: only these, so that run folders and what else lies in a checkout never change the corpus of a commit.</summary>
    private static readonly string[] Folders = ["bench", "docs", "hocon", "integration-tests", "src", "tests"];

    private static readonly string[] Extensions = [".conf", ".cs", ".csproj", ".md", ".props", ".sh", ".sln", ".yml"];

    /// <summary>
    /// Text files of the repository at <paramref name="root"/>, absolute, by ordinal order of relative paths: its top-level files and those of its own
    /// folders, bin, obj and hidden ones skipped. Throws <see cref="CorpusException"/> where there is none (an installation without sources).
    /// </summary>
    public static IReadOnlyList<string> Files(string root)
    {
        root = Path.GetFullPath(root);
        if (!Directory.Exists(root))
        {
            throw new CorpusException($"{root}: no such folder: expected the repository, or name the text to train on with --data");
        }

        IEnumerable<string> top = FolderWalk.Files(root, depth: 0);
        IEnumerable<string> below = Folders.Where(f => Directory.Exists(Path.Combine(root, f))).SelectMany(f => FolderWalk.Files(Path.Combine(root, f)).Select(p => $"{f}/{p}"));
        string[] files =
        [
            .. top.Concat(below).Where(f => Extensions.Contains(Path.GetExtension(f)))
                .Order(StringComparer.Ordinal).Select(f => Path.Combine(root, f)).Where(CorpusFiles.IsText),
        ];
        return files.Length > 0 ? files : throw new CorpusException($"{root}: none of the project's own text files is here: name the text to train on with --data");
    }
}

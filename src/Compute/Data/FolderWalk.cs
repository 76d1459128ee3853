namespace MoeActors.Compute.Data;

/// <summary>The files below a folder, in an order that does not depend on the file system.</summary>
internal static class FolderWalk
{
    /// <summary>What stands in a name for bytes that are no UTF-8: such a name cannot be given back to the system.</summary>
    private const char Unspellable = '\uFFFD';

    /// <summary>
    /// Relative paths with '/' of the files below <paramref name="root"/>, by ordinal order. Hidden entries, bin and obj are skipped, links to folders are
    /// not followed (they may lead in circles), links that lead nowhere are skipped. At most <paramref name="depth"/> folders deep.
    /// </summary>
    /// <param name="root">The folder.</param>
    /// <param name="depth">Most folders between it and a file.</param>
    /// <param name="leftOut">Told of each run folder and tokenizer below; these are then skipped. Null: they are taken like anything else.</param>
    public static IReadOnlyList<string> Files(string root, int depth = int.MaxValue, Action<string>? leftOut = null)
    {
        var found = new List<string>();
        Walk(new DirectoryInfo(root), "", depth, found, leftOut);
        found.Sort(StringComparer.Ordinal);
        return found;
    }

    /// <summary>Bytes of the file that <paramref name="path"/> is or leads to; null where it leads nowhere. Pipes, sockets and devices have 0.</summary>
    public static long? LengthOf(string path)
    {
        try
        {
            // A link reports its own length, so its end is looked up.
            var file = new FileInfo(path);
            file = file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo;
            return file is { Exists: true } ? file.Length : null;
        }
        catch (IOException)
        {
            return null;   // links in a circle
        }
    }

    private static void Walk(DirectoryInfo folder, string prefix, int depth, List<string> found, Action<string>? leftOut)
    {
        FileSystemInfo[] entries;
        try
        {
            entries = folder.GetFileSystemInfos();
        }
        catch (Exception e) when (CorpusException.IsFileError(e))
        {
            throw CorpusException.Unreadable(folder.FullName, e);
        }

        string[] names = leftOut is null ? [] : [.. entries.Select(e => e.Name)];
        if (prefix.Length > 0 && leftOut is not null && OwnOutputs.IsRunFolder(names))
        {
            leftOut(folder.FullName);
            return;
        }

        foreach (FileSystemInfo entry in entries)
        {
            if (entry.Name.StartsWith('.'))
            {
                continue;
            }

            // One that cannot be spelled leads nowhere, like a link without an end; but it is there.
            if (leftOut is not null && entry.Name.Contains(Unspellable, StringComparison.Ordinal) && !Path.Exists(entry.FullName) && entry.LinkTarget is null)
            {
                throw new CorpusException($"{entry.FullName}: its name is no UTF-8 and cannot be opened: rename it, or move it out of the data");
            }

            if (entry is not DirectoryInfo below)
            {
                if (OwnOutputs.IsTokenizer(names, entry.Name))
                {
                    leftOut!(entry.FullName);
                }
                else if (LengthOf(entry.FullName) is not null)
                {
                    found.Add(prefix + entry.Name);
                }
            }
            else if (depth > 0 && entry.Name is not ("bin" or "obj") && !entry.Attributes.HasFlag(FileAttributes.ReparsePoint))
            {
                Walk(below, $"{prefix}{entry.Name}/", depth - 1, found, leftOut);
            }
        }
    }
}

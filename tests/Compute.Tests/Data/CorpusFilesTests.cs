using MoeActors.Compute.Data;

namespace MoeActors.Compute.Tests.Data;

public sealed class CorpusFilesTests : IDisposable
{
    private readonly TemporaryFolder _temp = new();

    [Fact]
    public void A_folder_gives_its_text_files_in_ordinal_order()
    {
        foreach (string name in (string[])["b.txt", "B.txt", "a/z.txt", "a.txt", "a/é.txt", "c/d/e.md"])
        {
            _temp.Write(name, "text");
        }

        Assert.Equal(["B.txt", "a.txt", "a/z.txt", "a/é.txt", "b.txt", "c/d/e.md"], Relative(_temp.Path));
    }

    [Fact]
    public void Of_a_folder_what_is_binary_empty_hidden_or_built_is_left_out()
    {
        _temp.Write("image.png", [0x89, 0x50, 0, 1]);
        _temp.Write("empty.txt", "");
        _temp.Write(".hidden.txt", "text");
        _temp.Write(".git/config", "text");
        _temp.Write("src/bin/out.txt", "text");
        _temp.Write("src/obj/out.txt", "text");
        _temp.Write("src/binary.txt", "text");
        Directory.CreateSymbolicLink(_temp.File("loop"), _temp.Path);
        File.CreateSymbolicLink(_temp.File("nowhere.txt"), _temp.File("missing"));
        File.CreateSymbolicLink(_temp.File("circle.txt"), _temp.File("circle.txt"));
        File.CreateSymbolicLink(_temp.File("void.txt"), "/dev/null");
        File.CreateSymbolicLink(_temp.File("none.txt"), _temp.File("empty.txt"));
        File.CreateSymbolicLink(_temp.File("some.txt"), _temp.File(".hidden.txt"));
        Assert.Equal(["some.txt", "src/binary.txt"], Relative(_temp.Path));
    }

    [Fact]
    public void Arguments_keep_their_order_and_a_file_counts_once()
    {
        _temp.Write("d/a.txt", "text");
        _temp.Write("d/b.txt", "text");
        Assert.Equal(["d/b.txt", "d/a.txt"], Relative(_temp.File("d/b.txt"), _temp.File("d"), _temp.File("d/../d/a.txt")));
    }

    [Theory]
    [InlineData("*.txt", "a.txt b.txt")]
    [InlineData("**/*.txt", "a.txt b.txt d/a.txt d/e/a.txt")]
    [InlineData("**", "a.md a.txt b.txt d/a.txt d/e/a.txt")]
    [InlineData("d/*/a.txt", "d/e/a.txt")]
    [InlineData("[!a].txt", "b.txt")]
    [InlineData("[a-b].???", "a.txt b.txt")]
    [InlineData("?.md", "a.md")]
    public void A_glob_gives_what_it_matches(string glob, string expected)
    {
        foreach (string name in (string[])["a.txt", "b.txt", "a.md", "d/a.txt", "d/e/a.txt"])
        {
            _temp.Write(name, "text");
        }

        Assert.Equal(expected.Split(' '), Relative(_temp.File(glob)));
    }

    [Fact]
    public void A_file_whose_name_holds_wildcards_is_itself()
    {
        _temp.Write("a[1].txt", "text");
        _temp.Write("a1.txt", "text");
        Assert.Equal(["a[1].txt"], Relative(_temp.File("a[1].txt")));
    }

    [Fact]
    public void A_file_that_is_no_text_is_refused_unless_bytes_are_asked_for()
    {
        string path = _temp.Write("x.bin", [0, 1, 2]);
        string message = Assert.Throws<CorpusException>(() => CorpusFiles.Resolve([path])).Message;
        Assert.Equal($"{path}: is binary data, no text: unpack or convert it, or have its bytes trained on as they are with data.binary = on", message);
        Assert.Equal([path], CorpusFiles.Resolve([path], binary: true));
        Assert.Equal([path], CorpusFiles.Resolve([_temp.Path], binary: true));
        Assert.Contains("data.binary = on", Assert.Throws<CorpusException>(() => CorpusFiles.Resolve([_temp.Path])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run.json", "steps.jsonl")]
    [InlineData("run.json", "node.conf")]
    [InlineData("supervisor.lock")]
    [InlineData("journal.db", "flight/node-1")]
    public void Run_folders_below_a_folder_are_no_text_and_are_named(params string[] names)
    {
        _temp.Write("book.txt", "text");
        foreach (string name in names.Append("logs/node-1.log").Append("corpus.txt"))
        {
            _temp.Write("runs/one/" + name, "text");
        }

        Assert.Equal(["book.txt"], Relative(_temp.Path));
        Assert.Equal(["book.txt"], Relative(_temp.File("**/*.txt")));
        Assert.Equal([_temp.File("runs/one")], CorpusFiles.LeftOut([_temp.Path, _temp.File("**/*.txt"), _temp.File("book.txt"), _temp.File("none")]));
        Assert.Equal(["runs/one/corpus.txt"], Relative(_temp.File("runs/one/corpus.txt")));
        Assert.Contains("is the folder of a run", Assert.Throws<CorpusException>(() => CorpusFiles.Resolve([_temp.File("runs/one")])).Message, StringComparison.Ordinal);
        Assert.Contains("is the folder of a run", Assert.Throws<CorpusException>(() => CorpusFiles.Resolve([_temp.File("runs/one/*.txt")])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tokenizer_below_a_folder_is_no_text_but_a_file_of_such_a_name_alone_is()
    {
        foreach (string name in (string[])["book.txt", "bpe/vocab.json", "bpe/merges.txt", "bpe/readme.txt", "other/vocab.json", "run.json"])
        {
            _temp.Write(name, "text");
        }

        Assert.Equal(["book.txt", "bpe/readme.txt", "other/vocab.json", "run.json"], Relative(_temp.Path));
        Assert.Equal([_temp.File("bpe/merges.txt"), _temp.File("bpe/vocab.json")], CorpusFiles.LeftOut([_temp.Path]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_name_that_is_no_utf_8_is_said_to_be()
    {
        _temp.Write("\uFFFD.txt", "text");
        Assert.Single(Relative(_temp.Path));
        Shell("printf text > \"$0\"/$(printf 'b\\377').txt");
        try
        {
            Assert.Contains("its name is no UTF-8", Assert.Throws<CorpusException>(() => CorpusFiles.Resolve([_temp.Path])).Message, StringComparison.Ordinal);
        }
        finally
        {
            // .NET cannot delete it either.
            Shell("rm \"$0\"/b*");
        }
    }

    [Theory]
    [InlineData("missing.txt", "no such file or folder")]
    [InlineData("empty.txt", "is empty")]
    [InlineData("folder", "no text files in this folder")]
    [InlineData("folder/*.txt", "no text file matches")]
    [InlineData("nowhere/*.txt", "no text file matches")]
    [InlineData("[z-a].txt", "not a pattern")]
    public void What_cannot_be_used_is_named(string path, string expected)
    {
        _temp.Write("empty.txt", "");
        Directory.CreateDirectory(_temp.File("folder"));
        string message = Assert.Throws<CorpusException>(() => CorpusFiles.Resolve([_temp.File(path)])).Message;
        Assert.StartsWith(_temp.File(path), message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void An_unreadable_file_is_named()
    {
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "a privileged user may read every file");
        string path = _temp.Write("secret.txt", "text");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.None);
        }

        Assert.StartsWith(path, Assert.Throws<CorpusException>(() => CorpusFiles.Resolve([path])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_data_is_refused()
    {
        Assert.Throws<CorpusException>(() => CorpusFiles.Resolve([]));
        Assert.Throws<CorpusException>(() => CorpusFiles.Resolve([" "]));
    }

    [Fact]
    public void The_default_corpus_is_the_projects_own_text_and_nothing_else()
    {
        foreach (string name in (string[])["README.md", "test.sh", "src/A/B.cs", "src/A/obj/C.cs", "hocon/reference.conf", "docs/x.md", "docs/run.png", "runs/1/run.conf", "my-run/report.md", ".git/x.md"])
        {
            _temp.Write(name, "text");
        }

        Assert.Equal(["README.md", "docs/x.md", "hocon/reference.conf", "src/A/B.cs", "test.sh"], DefaultCorpus.Files(_temp.Path).Select(f => Path.GetRelativePath(_temp.Path, f)));
        Assert.Contains("--data", Assert.Throws<CorpusException>(() => DefaultCorpus.Files(_temp.File("my-run/none"))).Message, StringComparison.Ordinal);
        Assert.Contains("--data", Assert.Throws<CorpusException>(() => DefaultCorpus.Files(_temp.File("runs"))).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _temp.Dispose();

    private void Shell(string script)
    {
        using var process = System.Diagnostics.Process.Start("/bin/sh", ["-c", script, _temp.Path]);
        process.WaitForExit();
    }

    private IEnumerable<string> Relative(params string[] paths) => CorpusFiles.Resolve(paths).Select(f => Path.GetRelativePath(_temp.Path, f));
}

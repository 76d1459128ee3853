using MoeActors.Compute.Data;
using MoeActors.Compute.Files;

namespace MoeActors.Compute.Tests.Data;

/// <summary>Encoded text is the text: it is kept where its user alone can read and write.</summary>
public sealed class TokenFoldersTests : IDisposable
{
    private readonly TemporaryFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("/cache", "/home/a", true, "/cache/moe-actors/tokens")]
    [InlineData(null, "/home/a", true, "/home/a/.cache/moe-actors/tokens")]
    [InlineData("relative", "/home/a", true, "/home/a/.cache/moe-actors/tokens")]
    [InlineData(null, "/nonexistent", false, "/tmp/moe-actors-tokens-1000")]
    [InlineData(null, null, false, "/tmp/moe-actors-tokens-1000")]
    public void The_users_cache_comes_first(string? cache, string? home, bool exists, string first) =>
        Assert.Equal(first, TokenFolders.Candidates(name => name == "HOME" ? home : cache, _ => exists, 1000, "/tmp").First());

    [Fact]
    public void The_folder_is_its_users_alone_also_where_it_was_made_before_for_all_to_read()
    {
        string folder = Directory.CreateDirectory(_temp.File("tokens"), (UnixFileMode)0x1ED /* rwxr-xr-x */).FullName;
        TokenFolders.Demand(folder);
        Assert.Equal(PrivateFiles.FolderMode, File.GetUnixFileMode(folder));
    }

    [Fact]
    public void A_folder_that_others_may_write_to_or_that_is_a_link_is_passed_over_and_where_none_is_left_refused()
    {
        string open = Directory.CreateDirectory(_temp.File("open")).FullName, link = _temp.File("link"), good = _temp.File("good");
        File.SetUnixFileMode(open, (UnixFileMode)0x1FF /* rwxrwxrwx */);
        Directory.CreateSymbolicLink(link, Directory.CreateDirectory(_temp.File("elsewhere")).FullName);
        Assert.Equal(good, TokenFolders.FirstOf([open, link, good]));
        string says = Assert.Throws<CorpusException>(() => TokenFolders.FirstOf([open, link])).Message;
        Assert.Contains(open, says, StringComparison.Ordinal);
        Assert.Contains("XDG_CACHE_HOME", says, StringComparison.Ordinal);
    }

    [Fact]
    public void A_token_file_that_others_may_write_is_not_believed()
    {
        string path = _temp.File("some.tokens");
        TokenFile.Write(path, "k", 300, (validation, write) => write(validation ? [3] : [1, 2]));
        Assert.Equal(PrivateFiles.FileMode, File.GetUnixFileMode(path));
        TokenFile.Open(path, "k")!.Dispose();
        File.SetUnixFileMode(path, (UnixFileMode)0x1B6 /* rw-rw-rw- */);
        Assert.Null(TokenFile.Open(path, "k"));
        File.Delete(path);
        TokenFile.Write(_temp.File("other"), "k", 300, (validation, write) => write(validation ? [3] : [1, 2]));
        File.CreateSymbolicLink(path, _temp.File("other"));
        Assert.Null(TokenFile.Open(path, "k"));
    }
}

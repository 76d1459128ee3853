using MoeActors.Compute.Specs;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Tests.Configuration;

public sealed class UserSecretTests
{
    [Fact]
    public void It_is_made_at_first_use_readable_by_its_owner_alone_and_stays()
    {
        using var folder = new TemporaryFolder();
        string file = folder.File("state/moe-actors/cluster.secret");
        string secret = UserSecret.Read(file);
        Assert.Equal(64, secret.Length);
        Assert.Equal(secret, UserSecret.Read(file));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(file)!));
    }

    [Fact]
    public void Processes_that_start_at_once_agree_on_one()
    {
        using var folder = new TemporaryFolder();
        string file = folder.File("state/cluster.secret");
        string[] secrets = new string[16];
        Parallel.For(0, secrets.Length, n => secrets[n] = UserSecret.Read(file));
        Assert.Single(secrets.Distinct());
        Assert.Equal([file], Directory.GetFiles(Path.GetDirectoryName(file)!));
    }

    [Fact]
    public void One_that_others_can_read_or_that_is_a_link_or_too_short_is_refused_with_the_remedy()
    {
        using var folder = new TemporaryFolder();
        string file = folder.File("cluster.secret");
        UserSecret.Read(file);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        Assert.Contains("can be read by others", Assert.Throws<SpecException>(() => UserSecret.Read(file)).Message, StringComparison.Ordinal);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        string link = folder.File("link");
        File.CreateSymbolicLink(link, file);
        Assert.Contains("is a link", Assert.Throws<SpecException>(() => UserSecret.Read(link)).Message, StringComparison.Ordinal);
        File.WriteAllText(file, "short\n");
        Assert.Contains("holds no secret", Assert.Throws<SpecException>(() => UserSecret.Read(file)).Message, StringComparison.Ordinal);
    }
}

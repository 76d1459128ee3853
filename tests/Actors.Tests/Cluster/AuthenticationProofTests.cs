using CsCheck;

using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.Cluster;

public sealed class AuthenticationProofTests
{
    [Fact]
    public void Both_sides_prove_the_secret_to_each_other() => Gen.Select(Gen.String, Gen.Bool).Sample((secret, joins) =>
    {
        AuthenticationRequest knock = AuthenticationProof.Make(secret, joins);
        var answer = new AuthenticationAnswer(null, AuthenticationProof.Answer(knock.Nonce, secret));
        return AuthenticationProof.Check(knock, secret) is null && AuthenticationProof.IsAnswer(answer, knock.Nonce, secret);
    });

    [Fact]
    public void Another_secret_proves_nothing_in_either_direction() => Gen.Select(Gen.String, Gen.String).Where((a, b) => a != b).Sample((mine, theirs) =>
    {
        AuthenticationRequest knock = AuthenticationProof.Make(theirs, joins: true);
        return AuthenticationProof.Check(knock, mine) == "the shared secret differs: give both sides the same cluster.secret"
            && !AuthenticationProof.IsAnswer(new AuthenticationAnswer(null, AuthenticationProof.Answer(knock.Nonce, mine)), knock.Nonce, theirs);
    });

    [Fact]
    public void A_knock_is_no_answer_and_two_knocks_differ()
    {
        AuthenticationRequest one = AuthenticationProof.Make("s", false), two = AuthenticationProof.Make("s", false);
        Assert.False(AuthenticationProof.IsAnswer(new AuthenticationAnswer(null, one.Proof), one.Nonce, "s"));
        Assert.NotEqual(one.Nonce, two.Nonce);
        Assert.NotNull(AuthenticationProof.Check(one with { Nonce = two.Nonce }, "s"));
    }

    [Fact]
    public void The_version_is_told_before_the_secret_is_looked_at() =>
        Assert.Contains($"speaks protocol {ProtocolVersion.Current + 1}", AuthenticationProof.Check(AuthenticationProof.Make("other", true) with { Protocol = ProtocolVersion.Current + 1 }, "s"), StringComparison.Ordinal);

    [Fact]
    public void A_node_must_be_of_the_same_build_and_a_client_need_not()
    {
        AuthenticationRequest node = AuthenticationProof.Make("s", joins: true) with { Build = "x" }, client = AuthenticationProof.Make("s", joins: false) with { Build = "x" };
        Assert.Contains("another build (x,", AuthenticationProof.Check(node, "s"), StringComparison.Ordinal);
        Assert.Null(AuthenticationProof.Check(client, "s"));
        Assert.Null(AuthenticationProof.Check(node, "s", mixedBuilds: true));
    }
}
